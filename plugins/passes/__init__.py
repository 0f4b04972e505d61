"""Passes, packs and memberships: what entitles a client to a session."""
