"""What the author's tools refuse."""


class AuthoringFailed(RuntimeError):
    """The tool did nothing; the message says why and what to do."""
