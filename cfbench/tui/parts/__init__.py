"""Widgets that any screen may use: each draws what it was given and reports what the person did."""
