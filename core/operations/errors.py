"""The one error of this package, always one line that says what to do."""


class OperationFailed(RuntimeError):
    """An operation was refused or went wrong; the text says why and what to do."""
