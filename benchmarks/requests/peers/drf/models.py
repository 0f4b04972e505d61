"""The tables, as Django sees them; their migrations are elsewhere.

The keys of all rows of gyms are ``(tenant_id, id)``. Ids are unique by themselves and
row level security adds the gym to every statement, so ``id`` serves as the key here.
"""

from uuid import UUID

from django.db import models
from django.db.models.functions import Now

from benchmarks.requests.peers.common.clock import new_id, utc_now
from benchmarks.requests.peers.common.roles import OWN_ROWS, WHOLE_GYM


class Gym(models.Model):
    id = models.UUIDField(primary_key=True)
    slug = models.TextField(unique=True)
    status = models.TextField()
    timezone = models.TextField()

    class Meta:
        managed = False
        db_table = "tenants_gyms"

    def __str__(self) -> str:
        return self.slug


class TenantModel(models.Model):
    """A row of a gym."""

    tenant_id = models.UUIDField()
    id = models.UUIDField(primary_key=True, default=new_id)

    class Meta:
        abstract = True
        managed = False

    def __str__(self) -> str:
        return str(self.pk)


class User(TenantModel):
    email = models.TextField()
    email_key = models.TextField()
    username = models.TextField(null=True)  # noqa: DJ001 — the column is so
    username_key = models.TextField(null=True)  # noqa: DJ001 — as above
    name = models.TextField()
    phone = models.TextField(null=True)  # noqa: DJ001 — as above
    role = models.TextField()
    status = models.TextField()
    locale = models.TextField(null=True)  # noqa: DJ001 — as above
    alias = models.TextField(null=True)  # noqa: DJ001 — as above
    avatar_url = models.TextField(null=True)  # noqa: DJ001 — as above
    password_hash = models.TextField(null=True)  # noqa: DJ001 — as above
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.IntegerField()

    class Meta(TenantModel.Meta):
        db_table = "users"

    is_authenticated = True


class AuthSession(TenantModel):
    user = models.ForeignKey(User, models.DO_NOTHING, db_constraint=False)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    address = models.TextField(null=True)  # noqa: DJ001 — the column is so
    user_agent = models.TextField(null=True)  # noqa: DJ001 — as above
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "auth_sessions"


class RefreshToken(TenantModel):
    user_id = models.UUIDField()
    session_id = models.UUIDField()
    token_hash = models.BinaryField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "refresh_tokens"


class AuditEntry(TenantModel):
    at = models.DateTimeField()
    user_id = models.UUIDField(null=True)
    actor_kind = models.TextField()
    action = models.TextField()
    entity = models.TextField(null=True)  # noqa: DJ001 — the column is so
    entity_id = models.TextField(null=True)  # noqa: DJ001 — as above
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    trace_id = models.TextField(null=True)  # noqa: DJ001 — as above
    address = models.TextField(null=True)  # noqa: DJ001 — as above
    person_id = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "audit_entries"


class PersonKey(TenantModel):
    wrapped = models.BinaryField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "person_keys"


class OutboxJob(TenantModel):
    kind = models.TextField()
    args = models.JSONField()
    dedup_key = models.TextField(null=True)  # noqa: DJ001 — the column is so
    state = models.TextField()
    run_at = models.DateTimeField()
    attempts = models.IntegerField()
    actor_id = models.UUIDField(null=True)
    trace_id = models.TextField(null=True)  # noqa: DJ001 — as above
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "outbox"


class IdempotencyKey(TenantModel):
    scope = models.BinaryField()
    fingerprint = models.BinaryField()
    status = models.IntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    created_at = models.DateTimeField(default=utc_now)

    class Meta(TenantModel.Meta):
        db_table = "idempotency_keys"


class ReminderRule(TenantModel):
    kind = models.TextField()
    minutes_before = models.IntegerField()
    enabled = models.BooleanField()

    class Meta(TenantModel.Meta):
        db_table = "notification_rules"


class ClientGrant(TenantModel):
    user_id = models.UUIDField()
    client_id = models.UUIDField()
    expires_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "client_grants"


class Client(TenantModel):
    class Meta(TenantModel.Meta):
        db_table = "members_clients"


class Coach(TenantModel):
    class Meta(TenantModel.Meta):
        db_table = "members_coaches"


class AvailabilityRules(TenantModel):
    coach_id = models.UUIDField()
    timezone = models.TextField()
    buffer_before_minutes = models.IntegerField()
    buffer_after_minutes = models.IntegerField()
    minimum_notice_minutes = models.IntegerField()
    maximum_advance_days = models.IntegerField(null=True)
    daily_limit = models.IntegerField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "scheduling_rules"


class WeeklyWindow(TenantModel):
    coach_id = models.UUIDField()
    weekday = models.SmallIntegerField()
    starts_minute = models.SmallIntegerField()
    ends_minute = models.SmallIntegerField()

    class Meta(TenantModel.Meta):
        db_table = "scheduling_windows"


class DateOverride(TenantModel):
    coach_id = models.UUIDField()
    day = models.DateField()
    windows = models.JSONField()

    class Meta(TenantModel.Meta):
        db_table = "scheduling_overrides"


class SessionQuerySet(models.QuerySet["TrainingSession"]):
    """Sessions within somebody's reach."""

    def visible_to(self, user: User) -> "SessionQuerySet":
        if user.role in WHOLE_GYM:
            return self
        if user.role == OWN_ROWS:
            return self.filter(client_id=user.id)
        return self.filter(
            models.Q(client_id=user.id)
            | models.Q(coach_id=user.id)
            | models.Q(client_id__in=granted_to(user).values("client_id"))
        )


class TrainingSession(TenantModel):
    client_id = models.UUIDField()
    coach_id = models.UUIDField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    status = models.TextField(default="scheduled")
    location = models.TextField(null=True)  # noqa: DJ001 — the column is so
    notes = models.TextField(null=True)  # noqa: DJ001 — as above
    created_at = models.DateTimeField(default=utc_now)
    updated_at = models.DateTimeField(default=utc_now)
    version = models.IntegerField(default=1)

    objects = SessionQuerySet.as_manager()

    class Meta(TenantModel.Meta):
        db_table = "scheduling_sessions"


class Pass(TenantModel):
    code = models.TextField()
    batch_id = models.UUIDField(null=True)
    product_id = models.UUIDField(null=True)
    client_id = models.UUIDField(null=True)
    kind = models.TextField()
    remaining = models.IntegerField(null=True)
    allowance = models.IntegerField(null=True)
    allowance_per = models.TextField(null=True)  # noqa: DJ001 — the column is so
    starts_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    valid_days = models.IntegerField(null=True)
    renews = models.BooleanField()
    paused_from = models.DateField(null=True)
    paused_until = models.DateField(null=True)
    blocked_at = models.DateTimeField(null=True)
    blocked_reason = models.TextField(null=True)  # noqa: DJ001 — as above
    revoked_at = models.DateTimeField(null=True)
    expired_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.IntegerField()

    class Meta(TenantModel.Meta):
        db_table = "passes_passes"


class LedgerEntry(TenantModel):
    pass_id = models.UUIDField()
    kind = models.TextField()
    uses = models.IntegerField()
    balance = models.IntegerField(null=True)
    session_id = models.UUIDField(null=True)
    counts_at = models.DateTimeField()
    created_at = models.DateTimeField(default=utc_now)

    class Meta(TenantModel.Meta):
        db_table = "passes_ledger"


class Miss(TenantModel):
    holder_id = models.UUIDField()
    since = models.DateTimeField()
    misses = models.IntegerField()

    class Meta(TenantModel.Meta):
        db_table = "passes_misses"


def granted_to(user: User) -> models.QuerySet[ClientGrant]:
    """The grants of clients that somebody has at this moment."""
    lasting = models.Q(expires_at=None) | models.Q(expires_at__gt=Now())
    return ClientGrant.objects.filter(lasting, user_id=user.id)


def reaches_client(user: User, client_id: UUID) -> bool:
    """Says whether rows about a client are within somebody's reach."""
    if user.role in WHOLE_GYM or client_id == user.id:
        return True
    if user.role == OWN_ROWS:
        return False
    return granted_to(user).filter(client_id=client_id).exists()
