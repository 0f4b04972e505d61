"""The rules that every plugin is held to, one module for each of their subjects."""
