"""Core's newest revisions go down and up again."""

import pytest

from core.app import Installation
from core.testing.scratch import scratch_database
from core.testing.server import TestServer

OLDER = "d06b7e4c19a6"
"""What stood before lists got indexes in their order, and seals a count."""

NEWER = [
    "core: add_column audit_seals.cumulative",
    "core: add_index ix_files__created_at",
    "core: add_index ix_notification_deliveries__status",
]


@pytest.mark.slow
def test_they_go_down_and_up_again(
    postgres: TestServer, template: str, installation: Installation
) -> None:
    with scratch_database(postgres, template, installation, "core") as scratch:
        migrations = scratch.migrations
        assert migrations.differences() == []
        migrations.downgrade("core", OLDER)
        assert scratch.behind() == {"core"}
        assert migrations.differences() == NEWER
        migrations.upgrade()
        assert scratch.behind() == set()
        assert migrations.differences() == []
