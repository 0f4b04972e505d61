"""The registry of gyms: provisioning, resolution, toggles and gym settings."""
