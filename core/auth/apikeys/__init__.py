"""API keys: how other systems call a gym's API without a person's password."""
