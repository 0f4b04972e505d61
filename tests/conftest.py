"""Loads the test kit."""

pytest_plugins = ["core.testing.plugin"]
