"""The table of what gyms set up."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantModel, Timestamps, Versioned, tenant_table, tenant_unique
from core.db.sealed import sealed

PURPOSE = "integrations"
"""The vault's purpose of their secrets."""


class StoredIntegration(Versioned, Timestamps, TenantModel):
    """A gym's settings of one outside service.

    Attributes:
        name: Of the integration.
        settings: All but the secrets, in wire form.
        secrets: The secrets, in wire form, sealed; None where none is set.
        secret_names: Which secrets are set, by their names on the wire.
        last_tested_at: When it was last tried out as it is now.
        last_test_ok: How that went.
    """

    __tablename__ = "integrations"
    # The service records who changed what by the names of settings, never values.
    __audited__ = False
    __table_args__ = tenant_table(tenant_unique("name"))

    name: Mapped[str]
    settings: Mapped[dict[str, Any]]
    secrets: Mapped[bytes | None] = mapped_column(
        LargeBinary, default=None, info=sealed(PURPOSE)
    )
    secret_names: Mapped[list[str]]
    last_tested_at: Mapped[datetime | None] = mapped_column(default=None)
    last_test_ok: Mapped[bool | None] = mapped_column(default=None)
