"""Tables and SQL: for ``models.py`` and ``repository.py``."""

from core.db.base import (
    HIDDEN,
    PERSONAL,
    Lookup,
    TenantModel,
    Timestamps,
    Versioned,
    tenant_key,
    tenant_table,
    tenant_unique,
)
from core.db.compiled_writes import Deleting, Updating, Upserting
from core.db.ddl import overlap_guard
from core.db.locks import lock_ids
from core.db.personal import (
    ANONYMISE,
    DELETE,
    NotPersonal,
    Personal,
    Retention,
    keep,
)
from core.db.statement import Statement, among, contains, given
from core.db.unit import session
from core.db.writes import (
    delete_where,
    insert_batch,
    insert_new,
    update_where,
    upsert,
)
from core.rbac.listing import Listing
from core.rbac.repository import Repository
from core.rbac.scope import visible

__all__ = [
    "ANONYMISE",
    "DELETE",
    "HIDDEN",
    "PERSONAL",
    "Deleting",
    "Listing",
    "Lookup",
    "NotPersonal",
    "Personal",
    "Repository",
    "Retention",
    "Statement",
    "TenantModel",
    "Timestamps",
    "Updating",
    "Upserting",
    "Versioned",
    "among",
    "contains",
    "delete_where",
    "given",
    "insert_batch",
    "insert_new",
    "keep",
    "lock_ids",
    "overlap_guard",
    "session",
    "tenant_key",
    "tenant_table",
    "tenant_unique",
    "update_where",
    "upsert",
    "visible",
]
