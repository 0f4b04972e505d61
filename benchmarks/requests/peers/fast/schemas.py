"""Wire shapes."""

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from fastapi import Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from benchmarks.requests.peers.common.http import MAX_LIMIT, MAX_PAGE

Data = TypeVar("Data")


class Wire(BaseModel):
    """Fields are in camelCase on the wire, in snake_case in Python."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, from_attributes=True
    )


class Given(Wire):
    """What a caller sends; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Envelope(Wire, Generic[Data]):
    """What every answer is wrapped in."""

    ok: Literal[True] = True
    data: Data
    meta: dict[str, Any]


def envelope(
    request: Request,
    data: Data,
    pagination: dict[str, Any] | None,
    shape: type[Envelope[Data]],
) -> Envelope[Data]:
    """Wraps an answer."""
    meta: dict[str, Any] = {"traceId": request.state.trace_id}
    if pagination is not None:
        meta["pagination"] = pagination
    return shape(data=data, meta=meta)


class SessionOut(Wire):
    id: UUID
    client_id: UUID
    coach_id: UUID
    starts_at: datetime
    ends_at: datetime
    status: str
    location: str | None
    notes: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class SessionChanges(Given):
    """What to change of a session; what is not named stays."""

    starts_at: Annotated[AwareDatetime, Field(default=None)]
    ends_at: Annotated[AwareDatetime, Field(default=None)]
    location: Annotated[str | None, Field(max_length=200)] = None
    notes: Annotated[str | None, Field(max_length=4000)] = None
    ignore_availability: bool = False


class NewSession(Given):
    client_id: UUID
    coach_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    location: Annotated[str | None, Field(max_length=200)] = None
    notes: Annotated[str | None, Field(max_length=4000)] = None
    ignore_availability: bool = False


class PageQuery(Given):
    """The query of a list."""

    page: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 1
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 20


class SessionsQuery(PageQuery):
    coach_id: UUID | None = None
    client_id: UUID | None = None
    status: Literal["scheduled", "completed", "canceled", "no_show"] | None = None
    date_from: date | None = None
    date_to: date | None = None
    sort: Literal["startsAt", "startsAt:desc", "createdAt", "createdAt:desc"] = (
        "startsAt"
    )


class LoginBody(Given):
    login: Annotated[str, Field(min_length=1, max_length=254)]
    password: Annotated[str, Field(min_length=1, max_length=256)]


class UserOut(Wire):
    id: UUID
    email: str
    username: str | None
    name: str
    phone: str | None
    role: str
    status: str
    locale: str | None
    alias: str | None
    avatar_url: str | None
    created_at: datetime
    updated_at: datetime
    version: int


class TokensOut(Wire):
    access_token: str
    refresh_token: str
    expires_in: int
    device_token: str
    user: UserOut


class RedemptionBody(Given):
    code: Annotated[str, Field(min_length=1, max_length=64)]
    session_id: UUID | None = None
    client_id: UUID | None = None


class PassOut(Wire):
    id: UUID
    code: str | None
    kind: str
    status: str
    client_id: UUID | None
    product_id: UUID | None
    batch_id: UUID | None
    remaining: int | None
    allowance: int | None
    allowance_per: str | None
    starts_at: datetime
    expires_at: datetime | None
    valid_days: int | None
    renews: bool
    paused_from: date | None
    paused_until: date | None
    blocked: bool
    blocked_reason: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class AuditsQuery(PageQuery):
    entity: Annotated[str | None, Field(max_length=100)] = None
    entity_id: Annotated[str | None, Field(max_length=100)] = None
    user_id: UUID | None = None
    action: Annotated[str | None, Field(max_length=100)] = None
    date_from: date | None = None
    date_to: date | None = None
    cursor: Annotated[str | None, Field(max_length=1000)] = None


class AuditOut(Wire):
    id: UUID
    at: datetime
    user_id: UUID | None
    actor_kind: str
    action: str
    entity: str | None
    entity_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    trace_id: str | None
    address: str | None
