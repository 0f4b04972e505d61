"""Settings of backups."""

from dataclasses import dataclass, field
from typing import Annotated

from core.config.groups import POSTGRES
from core.config.kinds import AGE_KEY, AGE_RECIPIENTS, TEXT
from core.config.variables import Variable


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupSettings:
    """Who may read the rows of all gyms for a backup, and who may open one."""

    database_url: Annotated[
        str | None,
        Variable(
            "PALESTRA_DATABASE_BACKUP_URL",
            POSTGRES,
            "Connection of backups; its role reads the rows of every gym and writes "
            "nothing.",
            derived="the embedded server's own account, else "
            "PALESTRA_DATABASE_OWNER_URL",
        ),
    ] = field(repr=False)
    passphrase: Annotated[
        str | None,
        Variable(
            "PALESTRA_BACKUP_PASSPHRASE",
            TEXT,
            "Locks backups, and opens them again.",
        ),
    ] = field(repr=False)
    recipients: Annotated[
        tuple[str, ...],
        Variable(
            "PALESTRA_BACKUP_RECIPIENTS",
            AGE_RECIPIENTS,
            "Public age keys that backups are locked for, instead of a passphrase.",
            derived="none",
        ),
    ]
    key: Annotated[
        str | None,
        Variable(
            "PALESTRA_BACKUP_KEY",
            AGE_KEY,
            "Secret age key that opens backups locked for its public one; needed by "
            "a restore alone.",
        ),
    ] = field(repr=False)
