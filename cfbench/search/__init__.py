"""Searching for good settings: spaces, trials that are ordinary runs, and which one to pick."""
