"""Deleting what was kept long enough, a bounded batch in each transaction."""

from collections.abc import Callable

import structlog

from core.clock import utc_now
from core.context import current
from core.privacy import rows
from core.privacy.declarations import Model, retention_of, table_of
from core.privacy.files import delete_old_media
from core.privacy.holders import Step, privacy
from core.privacy.repository import requests

log = structlog.get_logger(__name__)


def retain(step: Step) -> dict[str, int]:
    """Deletes what is due in this gym; says how many rows of which table."""
    tools = step(privacy)
    deleted: dict[str, int] = {}
    for holder in tools.holders:
        for model in holder.models:
            if retention_of(model) is None:
                continue
            many = _retain_table(model, step)
            if many:
                deleted[table_of(model).name] = many
    media = delete_old_media(step)
    if media:
        deleted["files"] = media
    gym = current().require_gym()
    expired = step(requests.expire_old)
    archives = tools.archives.delete_old(gym.id)
    log.info(
        "privacy.retained",
        tenantId=str(gym.id),
        rows=deleted,
        exports=expired,
        archives=archives,
    )
    return deleted


def _retain_table(model: Model, step: Step) -> int:
    total, batch = 0, rows.batch_size()
    while batch == rows.batch_size():
        batch = step(_batch(model))
        total += batch
    return total


def _batch(model: Model) -> Callable[[], int]:
    def delete() -> int:
        retention = retention_of(model)
        zone = current().require_gym().timezone
        return (
            0
            if retention is None
            else rows.delete_due(model, retention, utc_now(), zone)
        )

    return delete
