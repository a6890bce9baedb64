"""cfbench: a plugin-based workbench for collaborative filtering."""

__version__ = "0.1.0"
