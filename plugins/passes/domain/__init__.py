"""Decisions of passes in plain Python."""
