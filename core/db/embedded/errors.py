"""The one error of the embedded server, always a single line that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL cannot be used; the text says why and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn any refusal of the operating system into one clear line.

    Args:
        folder: The folder the work is about, named in the message.

    Raises:
        EmbeddedPostgresError: In place of every ``OSError`` raised inside.
    """
    try:
        yield
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL cannot use {folder}: "
            f"{error.strerror or error}{place}. Make the folder writable and free "
            "some space, set PALESTRA_HOME to another folder, or set DATABASE_URL "
            "to a PostgreSQL of your own."
        ) from error
