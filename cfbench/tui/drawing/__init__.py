"""Pictures as lines of styled text: pure functions from values, a width and a height; they know no widget."""
