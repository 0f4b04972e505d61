"""What every table stands on.

Two kinds of tables exist. A *tenant table* holds rows of gyms: its primary key is
``(tenant_id, id)``, every unique constraint and foreign key of it carries
``tenant_id``, and row level security guards it. A *shared table* belongs to no
gym: the registry of gyms and the lookup tables with their localised words.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    DateTime,
    ForeignKeyConstraint,
    MetaData,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
    event,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Mapper,
    declared_attr,
    mapped_column,
)
from sqlalchemy.sql.schema import Table
from typing_extensions import override

from core.clock import utc_now
from core.db.personal import Privacy, Retention
from core.ids import new_id

NAMING = {
    "ix": "ix_%(table_name)s__%(column_0_N_name)s",
    "uq": "uq_%(table_name)s__%(column_0_N_name)s",
    "ck": "ck_%(table_name)s__%(constraint_name)s",
    "fk": "fk_%(table_name)s__%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

HIDDEN = {"audit": "hidden"}
"""``info=`` of a column whose value must never reach the audit log."""

PERSONAL = {"audit": "personal"}
"""``info=`` of a column that the audit log seals with a key of the person concerned.

That is the user in the model's ``__client_column__``, else the user whose id is the
row's. Erasing the person destroys the key, and with it these values everywhere.
"""


class Base(DeclarativeBase):
    """The declarative base of all models, core's and plugins'."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        UUID: Uuid(as_uuid=True),
        dict[str, Any]: JSONB,
        list[str]: JSONB,
    }


class TenantModel(Base):
    """A row of a gym.

    Attributes:
        __audited__: Whether every change is written to the audit log.
        __audit_keys__: Columns recorded with every update, changed or not, where the
            id alone would not tell what was changed.
        __client_column__: Name of the column that holds the user id of the client
            whom the row is about; declares the row scope (see ``core.rbac``).
        __staff_column__: Name of the column that holds the user id of the coach
            whose row it is; that coach reaches it whoever the client is.
        __privacy__: Whom a row concerns and what becomes of it when they are erased
            (see ``core.db.personal``); required where a row names anybody.
        __retention__: How long rows are kept; None for as long as the gym.
    """

    __abstract__ = True
    __audited__: ClassVar[bool] = True
    __audit_keys__: ClassVar[tuple[str, ...]] = ()
    __client_column__: ClassVar[str | None] = None
    __staff_column__: ClassVar[str | None] = None
    __privacy__: ClassVar[Privacy] = None
    __retention__: ClassVar[Retention | None] = None

    tenant_id: Mapped[UUID] = mapped_column(nullable=False, sort_order=-20)
    id: Mapped[UUID] = mapped_column(default=new_id, nullable=False, sort_order=-19)

    @declared_attr.directive
    @classmethod
    @override
    def __table_args__(cls) -> tuple[Any, ...]:
        return tenant_table()


def tenant_table(*parts: Any, **options: Any) -> tuple[Any, ...]:
    """Builds ``__table_args__`` of a tenant table: its primary key, then ``parts``.

    Args:
        *parts: Further constraints and indexes.
        **options: Passed to the table; ``info`` adds to what marks a tenant table,
            such as ``{"append_only": True}`` (see ``core.db.ddl``).
    """
    info = {**options.pop("info", {}), "tenancy": "tenant"}
    return (
        PrimaryKeyConstraint("tenant_id", "id"),
        *parts,
        {"info": info, **options},
    )


def tenant_key(column: str, target: str, **options: Any) -> ForeignKeyConstraint:
    """A foreign key inside the gym: ``(tenant_id, column) → target``.

    Args:
        column: The referring column.
        target: The referred tenant table; its key is ``(tenant_id, id)``.
        **options: Passed to the constraint; ``SET NULL`` is refused, because it
            would blank ``tenant_id`` too.
    """
    if options.get("ondelete", "").upper() == "SET NULL":
        raise ValueError("ON DELETE SET NULL would blank tenant_id.")
    return ForeignKeyConstraint(
        ["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"], **options
    )


def tenant_unique(*columns: str, **options: Any) -> UniqueConstraint:
    """A unique constraint inside the gym: ``(tenant_id, *columns)``."""
    return UniqueConstraint("tenant_id", *columns, **options)


class Timestamps:
    """Mixin: when the row was made and last changed, in UTC."""

    created_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(
        default=utc_now, onupdate=utc_now, sort_order=91
    )


class Versioned:
    """Mixin: a version that every UPDATE raises and checks (``ETag``, ``If-Match``)."""

    version: Mapped[int] = mapped_column(default=1, nullable=False, sort_order=92)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class SharedModel(Base):
    """A row that belongs to no gym."""

    __abstract__ = True


OPERATORS_OWN = {"tenancy": "operator"}
"""``info`` of a shared table that the operator's database role alone sees."""


class Lookup(SharedModel):
    """A vocabulary that people see: a code with its words per language.

    Attributes:
        descriptions: Language code → description; ``en`` and ``de`` always present.
    """

    __abstract__ = True

    code: Mapped[str] = mapped_column(primary_key=True)
    descriptions: Mapped[dict[str, Any]] = mapped_column(nullable=False)
    position: Mapped[int] = mapped_column(default=0, nullable=False)


@event.listens_for(Mapper, "after_configured", once=True)
def _refuse_half_tenant_tables() -> None:
    """Holds each tenant model to its key, before any statement can use it."""
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        if not issubclass(mapper.class_, TenantModel) or not isinstance(table, Table):
            continue
        if [column.name for column in table.primary_key] != ["tenant_id", "id"]:
            raise TypeError(f"{table.name}: the primary key must be (tenant_id, id).")
