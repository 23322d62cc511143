"""Model people from the traces they leave, and measure what those traces give away."""

__version__ = "0.1.0"
