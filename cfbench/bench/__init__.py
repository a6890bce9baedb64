"""The bench: the one typed interface between the faces and the work, here or on another machine."""
