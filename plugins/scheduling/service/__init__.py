"""The use cases of scheduling."""
