"""Tools for authors of plugins: a first version to begin with, and a check of any."""
