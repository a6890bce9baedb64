"""Plugins as data: where they come from, what they declare, and the way from a name to a live class."""
