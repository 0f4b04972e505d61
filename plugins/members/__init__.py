"""Clients and coaches: who they are, and who trains whom."""
