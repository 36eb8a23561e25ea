"""The application: command line, settings, the conveyor, and the bundled demo."""

__version__ = "0.1.0"
