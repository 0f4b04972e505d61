"""Milestones: what clients reach by counted things, and the gifts that follow."""
