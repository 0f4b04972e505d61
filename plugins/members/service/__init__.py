"""Use cases of members, by what they are about."""
