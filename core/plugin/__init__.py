"""The plugin platform: what a plugin declares, and how it is found and called."""
