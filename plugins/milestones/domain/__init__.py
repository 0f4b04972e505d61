"""Decisions on rules and gifts, in plain Python."""
