"""Rotating the master key: a new one, everything sealed anew, the old one retired.

Processes that serve meanwhile see the new key with their next sealed value, and open
what is still under the former one. So nothing has to stop, and what was stopped half
way is taken up by doing the same again.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from core.app.installation import Installation
from core.clock import utc_now
from core.config.secrets import MasterKey, MasterKeyError, master_keys
from core.config.secrets import retire as remove_key
from core.db.reseal import Batch, SealedColumn, reseal, sealed_columns

IN_FLIGHT: Final = timedelta(minutes=10)
"""How long a transaction that began before a rotation may still write with its key."""

Tell = Callable[[str, str, int], None]
"""Told the gym, the column and how many values were sealed anew."""


@dataclass(slots=True)
class Resealed:
    """What a pass over everything came to.

    Attributes:
        values: Column → how many of its values were sealed anew.
        broken: Column → how many open under no key; they were left as they are.
    """

    values: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many values were sealed anew."""
        return self.values.total()


def reseal_everything(installation: Installation, tell: Tell) -> Resealed:
    """Brings all that is stored under the current master key, gym by gym."""
    done = Resealed()
    columns = _columns(installation)
    for slug, tenant_id in gyms(installation).items():
        for where in columns:
            batches = _column(installation, tenant_id, where)
            resealed = sum(batch.resealed for batch in batches)
            done.values[where.name] += resealed
            done.broken[where.name] += sum(batch.broken for batch in batches)
            if resealed:
                tell(slug, where.name, resealed)
    for name, file in installation.sealed_files.items():
        done.values[name] += file.reseal()
    return done


def retire_former(
    installation: Installation, *, after: timedelta
) -> tuple[list[MasterKey], list[MasterKey]]:
    """Removes the former master keys under which nothing is sealed any more.

    Args:
        installation: Whose keys.
        after: How long ago a key must have been replaced.

    Returns:
        The removed keys, and those that are too young.

    Raises:
        MasterKeyError: A value was found that is still under a former key, or a
            former key comes from a variable.
    """
    left = reseal_everything(installation, lambda *_told: None)
    if left.total:
        raise MasterKeyError(
            f"{left.total} values were still under a former key. They are sealed anew "
            "now; call this again."
        )
    removed, young = [], []
    former = master_keys(installation.settings)[1:]
    # Files first: what only people can take away must not keep them.
    for key in sorted(former, key=lambda one: one.path is None):
        since = key.replaced_at
        if since is not None and utc_now() - since < max(after, IN_FLIGHT):
            young.append(key)
            continue
        remove_key(installation.settings, key)
        removed.append(key)
    return removed, young


def gyms(installation: Installation) -> dict[str, UUID]:
    """Every gym's id by its slug, suspended ones too."""
    with installation.units("operator").open(None) as session:
        slugs = installation.directory.slugs(session)
    return {slug: installation.find_gym(slug) for slug in slugs}


def _columns(installation: Installation) -> list[SealedColumn]:
    _ = installation.migrations  # loads the tables of core and of every plugin
    return sealed_columns()


def _column(
    installation: Installation, tenant_id: UUID, where: SealedColumn
) -> list[Batch]:
    """Seals one column of one gym anew, each batch in a transaction of its own."""
    batches: list[Batch] = []
    last: UUID | None = None
    while not batches or last is not None:
        batch = installation.units().run(
            partial(reseal, vault=installation.vault, where=where, after=last),
            tenant_id=tenant_id,
        )
        batches.append(batch)
        last = batch.last
    return batches
