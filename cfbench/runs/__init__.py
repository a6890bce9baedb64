"""Runs: their folders, their workers, the line they wait in."""
