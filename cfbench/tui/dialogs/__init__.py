"""What opens over a screen for a moment and closes again."""
