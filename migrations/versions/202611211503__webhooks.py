"""Makes the tables of webhooks: receivers, what was sent, and what came in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d03b7e4c19a3"
down_revision = "d02b7e4c19a2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("types", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enabled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "disabled_reason IN ('manual', 'gone', 'failing')",
            name=op.f("ck_webhook_endpoints__reason"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_webhook_endpoints")),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "webhook_receipts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_webhook_receipts")),
        sa.UniqueConstraint(
            "tenant_id",
            "provider",
            "event_id",
            name=op.f("uq_webhook_receipts__tenant_id_provider_event_id"),
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_webhook_receipts__received",
        "webhook_receipts",
        ["tenant_id", "received_at"],
        unique=False,
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'failed')",
            name=op.f("ck_webhook_deliveries__status"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"],
            ["webhook_endpoints.tenant_id", "webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries__tenant_id_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_webhook_deliveries")),
        info={"tenancy": "tenant"},
    )
    for name, columns in _DELIVERY_INDEXES.items():
        op.create_index(name, "webhook_deliveries", columns, unique=False)
    op.protect_tenant_table("webhook_endpoints")
    op.protect_tenant_table("webhook_receipts")
    op.protect_tenant_table("webhook_deliveries")


def downgrade() -> None:
    op.unprotect_tenant_table("webhook_deliveries")
    op.unprotect_tenant_table("webhook_receipts")
    op.unprotect_tenant_table("webhook_endpoints")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_receipts")
    op.drop_table("webhook_endpoints")


_DELIVERY_INDEXES = {
    "ix_webhook_deliveries__created": ["tenant_id", "created_at"],
    "ix_webhook_deliveries__delivered": ["tenant_id", "endpoint_id", "delivered_at"],
    "ix_webhook_deliveries__endpoint": ["tenant_id", "endpoint_id", "created_at", "id"],
    "ix_webhook_deliveries__failed": ["tenant_id", "endpoint_id", "first_failed_at"],
    "ix_webhook_deliveries__person": ["tenant_id", "person_id"],
}
