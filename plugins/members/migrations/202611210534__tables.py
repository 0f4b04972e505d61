"""Makes the tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "f91fd06be5dd"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "members_genders",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "descriptions", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_members_genders")),
    )
    op.create_table(
        "members_coaches",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "specialties", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column(
            "certifications", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_members_coaches__tenant_id_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_members_coaches")),
        info={"tenancy": "tenant"},
    )
    op.create_table(
        "members_clients",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column(
            "emergency_contact",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column("goals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "preferences", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("terms_version", sa.Text(), nullable=True),
        sa.Column("terms_accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assigned_coach_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('lead', 'active', 'paused', 'left')",
            name=op.f("ck_members_clients__status"),
        ),
        sa.CheckConstraint(
            "(terms_version IS NULL) = (terms_accepted_at IS NULL)",
            name=op.f("ck_members_clients__terms"),
        ),
        sa.ForeignKeyConstraint(
            ["gender"],
            ["members_genders.code"],
            name=op.f("fk_members_clients__gender"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assigned_coach_id"],
            ["members_coaches.tenant_id", "members_coaches.id"],
            name=op.f("fk_members_clients__tenant_id_assigned_coach_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_members_clients__tenant_id_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_members_clients")),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_members_clients__assigned_coach_id",
        "members_clients",
        ["tenant_id", "assigned_coach_id"],
        unique=False,
    )
    op.create_index(
        "ix_members_clients__status",
        "members_clients",
        ["tenant_id", "status"],
        unique=False,
    )
    op.create_table(
        "members_assignments",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("coach_id", sa.Uuid(), nullable=False),
        sa.Column("assigned_by", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["members_clients.tenant_id", "members_clients.id"],
            name=op.f("fk_members_assignments__tenant_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "coach_id"],
            ["members_coaches.tenant_id", "members_coaches.id"],
            name=op.f("fk_members_assignments__tenant_id_coach_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_members_assignments")),
        info={"tenancy": "tenant"},
    )
    op.create_index(
        "ix_members_assignments__client_id",
        "members_assignments",
        ["tenant_id", "client_id"],
        unique=False,
    )
    op.create_index(
        "ix_members_assignments__coach_id",
        "members_assignments",
        ["tenant_id", "coach_id"],
        unique=False,
    )
    op.create_index(
        "uq_members_assignments__current",
        "members_assignments",
        ["tenant_id", "client_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.grant_shared_table("members_genders")
    op.protect_tenant_table("members_coaches")
    op.protect_tenant_table("members_clients")
    op.protect_tenant_table("members_assignments")


def downgrade() -> None:
    op.unprotect_tenant_table("members_assignments")
    op.unprotect_tenant_table("members_clients")
    op.unprotect_tenant_table("members_coaches")
    op.revoke_shared_table("members_genders")
    op.drop_index(
        "uq_members_assignments__current",
        table_name="members_assignments",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index("ix_members_assignments__coach_id", table_name="members_assignments")
    op.drop_index("ix_members_assignments__client_id", table_name="members_assignments")
    op.drop_table("members_assignments")
    op.drop_index("ix_members_clients__status", table_name="members_clients")
    op.drop_index("ix_members_clients__assigned_coach_id", table_name="members_clients")
    op.drop_table("members_clients")
    op.drop_table("members_coaches")
    op.drop_table("members_genders")
