"""What the guard says no to."""


class AddressRefused(Exception):
    """Nothing may be sent to this address; the text says why."""
