"""Models of how a person thinks and answers."""
