"""Seals the audit log and keeps a key for each person."""

import sqlalchemy as sa
from alembic import op

revision = "d2f52bb35dd4"
down_revision = "0184574958b1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_seals",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("era", sa.Integer(), nullable=False),
        sa.Column("first_txid", sa.BigInteger(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("last_txid", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.Uuid(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint(
            "tenant_id", "seq", name=op.f("uq_audit_seals__tenant_id_seq")
        ),
        info={"append_only": True, "tenancy": "tenant"},
    )
    op.create_table(
        "person_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_person_keys")),
        info={"tenancy": "tenant"},
    )
    op.add_column("audit_entries", sa.Column("person_id", sa.Uuid(), nullable=True))
    op.add_column(
        "audit_entries",
        sa.Column(
            "txid",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
    )
    op.create_index(
        "ix_audit_entries__txid",
        "audit_entries",
        ["tenant_id", "txid", "id"],
        unique=False,
    )
    op.protect_tenant_table("audit_seals", append_only=True)
    op.protect_tenant_table("person_keys")


def downgrade() -> None:
    op.unprotect_tenant_table("person_keys")
    op.unprotect_tenant_table("audit_seals")
    op.drop_index("ix_audit_entries__txid", table_name="audit_entries")
    op.drop_column("audit_entries", "txid")
    op.drop_column("audit_entries", "person_id")
    op.drop_table("person_keys")
    op.drop_table("audit_seals")
