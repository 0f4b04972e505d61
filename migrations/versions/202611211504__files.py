"""Makes the table of files."""

import sqlalchemy as sa
from alembic import op

revision = "d04b7e4c19a4"
down_revision = "d03b7e4c19a3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("upload_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status IN ('scanning', 'ready')) = (object_id IS NOT NULL)",
            name=op.f("ck_files__object_id"),
        ),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_files__size_bytes")),
        sa.CheckConstraint(
            "status IN ('pending', 'scanning', 'ready', 'rejected')",
            name=op.f("ck_files__status"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_files__tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_files")),
        info={"tenancy": "tenant"},
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, "files", ["tenant_id", *columns], unique=False)
    op.protect_tenant_table("files")


def downgrade() -> None:
    """Deletes what is known of every file; their content stays in the store."""
    op.unprotect_tenant_table("files")
    for name in reversed(_INDEXES):
        op.drop_index(name, table_name="files")
    op.drop_table("files")


_INDEXES = {
    "ix_files__object_id": ["object_id"],
    "ix_files__status": ["status", "created_at"],
    "ix_files__user_id": ["user_id", "created_at"],
}
