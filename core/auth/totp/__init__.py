"""The second factor: codes from an authenticator app, and codes for when it is lost."""
