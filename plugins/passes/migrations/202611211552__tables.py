"""Makes the tables."""

import sqlalchemy as sa
from alembic import op

revision = "59d71d75f42c"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "passes_misses",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_passes_misses")),
        sa.UniqueConstraint(
            "tenant_id", "holder_id", name=op.f("uq_passes_misses__tenant_id_holder_id")
        ),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "passes_products",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=True),
        sa.Column("valid_days", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("period_months", sa.Integer(), nullable=True),
        sa.Column("renews", sa.Boolean(), nullable=False),
        sa.Column("allowance", sa.Integer(), nullable=True),
        sa.Column("allowance_per", sa.Text(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'membership') = (period_months IS NOT NULL)",
            name=op.f("ck_passes_products__membership"),
        ),
        sa.CheckConstraint(
            "(kind = 'pack') = (uses IS NOT NULL AND valid_days IS NOT NULL AND valid_from IS NOT NULL)",
            name=op.f("ck_passes_products__pack"),
        ),
        sa.CheckConstraint(
            "allowance_per IN ('week', 'month')",
            name=op.f("ck_passes_products__allowance_per"),
        ),
        sa.CheckConstraint(
            "kind IN ('pack', 'membership')", name=op.f("ck_passes_products__kind")
        ),
        sa.CheckConstraint(
            "valid_from IN ('purchase', 'first_use')",
            name=op.f("ck_passes_products__valid_from"),
        ),
        sa.CheckConstraint(
            "(allowance IS NULL) = (allowance_per IS NULL)",
            name=op.f("ck_passes_products__allowance"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_passes_products")),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "passes_passes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=True),
        sa.Column("allowance", sa.Integer(), nullable=True),
        sa.Column("allowance_per", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_days", sa.Integer(), nullable=True),
        sa.Column("period_months", sa.Integer(), nullable=True),
        sa.Column("renews", sa.Boolean(), nullable=False),
        sa.Column("paused_from", sa.Date(), nullable=True),
        sa.Column("paused_until", sa.Date(), nullable=True),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_reason", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "allowance_per IN ('week', 'month')",
            name=op.f("ck_passes_passes__allowance_per"),
        ),
        sa.CheckConstraint(
            "kind IN ('free', 'trial', 'gift', 'pack', 'membership')",
            name=op.f("ck_passes_passes__kind"),
        ),
        sa.CheckConstraint(
            "(paused_from IS NULL) = (paused_until IS NULL) AND paused_from <= paused_until",
            name=op.f("ck_passes_passes__pause"),
        ),
        sa.CheckConstraint(
            "NOT renews OR period_months IS NOT NULL",
            name=op.f("ck_passes_passes__renews"),
        ),
        sa.CheckConstraint("remaining >= 0", name=op.f("ck_passes_passes__remaining")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["passes_products.tenant_id", "passes_products.id"],
            name=op.f("fk_passes_passes__tenant_id_product_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_passes_passes")),
        sa.UniqueConstraint(
            "tenant_id", "code", name=op.f("uq_passes_passes__tenant_id_code")
        ),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_passes_passes__client_id",
        "passes_passes",
        ["tenant_id", "client_id"],
        unique=False,
    )
    op.create_index(
        "ix_passes_passes__created_at",
        "passes_passes",
        ["tenant_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_passes_passes__due",
        "passes_passes",
        ["tenant_id", "expires_at"],
        unique=False,
        postgresql_where=sa.text("expired_at IS NULL AND revoked_at IS NULL"),
    )
    op.create_index(
        "ix_passes_passes__product_id",
        "passes_passes",
        ["tenant_id", "product_id"],
        unique=False,
    )
    op.create_table(
        "passes_ledger",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pass_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("balance", sa.Integer(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("counts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('grant', 'use', 'return', 'adjust', 'expire')",
            name=op.f("ck_passes_ledger__kind"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pass_id"],
            ["passes_passes.tenant_id", "passes_passes.id"],
            name=op.f("fk_passes_ledger__tenant_id_pass_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_passes_ledger")),
        info={"append_only": True, "tenancy": "tenant"},
    )
    op.create_index(
        "ix_passes_ledger__pass_id",
        "passes_ledger",
        ["tenant_id", "pass_id", "id"],
        unique=False,
    )
    op.create_index(
        "uq_passes_ledger__session",
        "passes_ledger",
        ["tenant_id", "session_id", "kind"],
        unique=True,
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )
    op.create_table(
        "passes_remarks",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pass_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"],
            ["passes_ledger.tenant_id", "passes_ledger.id"],
            name=op.f("fk_passes_remarks__tenant_id_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pass_id"],
            ["passes_passes.tenant_id", "passes_passes.id"],
            name=op.f("fk_passes_remarks__tenant_id_pass_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_passes_remarks")),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_passes_remarks__pass_id",
        "passes_remarks",
        ["tenant_id", "pass_id"],
        unique=False,
    )
    op.protect_tenant_table("passes_misses")
    op.protect_tenant_table("passes_products")
    op.protect_tenant_table("passes_passes")
    op.protect_tenant_table("passes_ledger", append_only=True)
    op.protect_tenant_table("passes_remarks")


def downgrade() -> None:
    op.unprotect_tenant_table("passes_remarks")
    op.unprotect_tenant_table("passes_ledger")
    op.unprotect_tenant_table("passes_passes")
    op.unprotect_tenant_table("passes_products")
    op.unprotect_tenant_table("passes_misses")
    op.drop_index("ix_passes_remarks__pass_id", table_name="passes_remarks")
    op.drop_table("passes_remarks")
    op.drop_index(
        "uq_passes_ledger__session",
        table_name="passes_ledger",
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )
    op.drop_index("ix_passes_ledger__pass_id", table_name="passes_ledger")
    op.drop_table("passes_ledger")
    op.drop_index("ix_passes_passes__product_id", table_name="passes_passes")
    op.drop_index(
        "ix_passes_passes__due",
        table_name="passes_passes",
        postgresql_where=sa.text("expired_at IS NULL AND revoked_at IS NULL"),
    )
    op.drop_index("ix_passes_passes__created_at", table_name="passes_passes")
    op.drop_index("ix_passes_passes__client_id", table_name="passes_passes")
    op.drop_table("passes_passes")
    op.drop_table("passes_products")
    op.drop_table("passes_misses")
