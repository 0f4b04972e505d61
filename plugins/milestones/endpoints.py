"""Routes of milestones."""

from typing import Any
from uuid import UUID

from core.sdk.base import Forbidden, Page, PreconditionFailed, Unprocessable
from core.sdk.http import Blueprint
from plugins.milestones import permissions, schemas
from plugins.milestones.errors import (
    ClientUnknown,
    ClientUnnamed,
    CounterUnknown,
    DefinitionInvalid,
    DefinitionMissing,
    GiftDuplicate,
    GiftMissing,
    GiftSettled,
    MilestoneArchived,
    NothingGiven,
)
from plugins.milestones.service import (
    counters,
    definitions,
    evaluation,
    gifts,
    progress,
)

blueprint = Blueprint(
    "milestones",
    prefix="/milestones",
    tag="Milestones",
    owner="milestones",
    description="What clients reach, and what they are given for it.",
)

_CLIENT_ID = "01890f3e-6b1c-7cc3-98c4-dc0c0c07398f"
_DEFINITION_ID = "01890f3e-6b1c-7cc3-98c4-dc0c0c073a01"
_GIFT_ID = "01890f3e-6b1c-7cc3-98c4-dc0c0c073a02"
_RULE = {
    "kind": "count",
    "counter": "sessions_completed",
    "threshold": 10,
    "repeatEvery": 10,
    "windowDays": None,
    "countsFrom": None,
    "countsUntil": None,
}
_GIFT_TERMS = {
    "kind": "message",
    "text": "A shake of your choice is waiting at the desk.",
    "uses": None,
    "expiresInDays": None,
    "channels": ["email", "inbox"],
}
_DEFINITION = {
    "id": _DEFINITION_ID,
    "title": "Ten sessions",
    "description": None,
    "rule": _RULE,
    "gift": _GIFT_TERMS,
    "archived": False,
    "version": 1,
    "createdAt": "2026-03-01T09:00:00Z",
    "updatedAt": "2026-03-01T09:00:00Z",
}
_GIFT = {
    "id": _GIFT_ID,
    "clientId": _CLIENT_ID,
    "definitionId": _DEFINITION_ID,
    "occurrence": 1,
    "title": "Ten sessions",
    "note": None,
    "gift": _GIFT_TERMS,
    "status": "pending",
    "failure": None,
    "passId": None,
    "settledAt": None,
    "createdAt": "2026-03-02T10:00:00Z",
}


@blueprint.get(
    "",
    summary="Read a client's progress",
    permission=permissions.PROGRESS_READ,
    query=schemas.ProgressQuery,
    returns=schemas.ProgressSchema,
    paged=True,
    errors=(ClientUnknown, ClientUnnamed, Forbidden),
    example=[
        {
            "definitionId": _DEFINITION_ID,
            "clientId": _CLIENT_ID,
            "title": "Ten sessions",
            "kind": "count",
            "counter": "sessions_completed",
            "current": 3,
            "threshold": 10,
            "percent": 30,
            "timesAchieved": 1,
            "achievedAt": "2026-03-02T09:00:00Z",
        }
    ],
)
def read_progress(query: dict[str, Any]) -> Page:
    """One item for each milestone that is not archived, as of this moment."""
    return progress.find(**query)


@blueprint.get(
    "/achievements",
    summary="List what was reached",
    permission=permissions.PROGRESS_READ,
    query=schemas.AchievementsQuery,
    returns=schemas.AchievementSchema,
    paged=True,
    example=[
        {
            "id": "01890f3e-6b1c-7cc3-98c4-dc0c0c073a03",
            "clientId": _CLIENT_ID,
            "definitionId": _DEFINITION_ID,
            "occurrence": 1,
            "achievedAt": "2026-03-02T09:00:00Z",
        }
    ],
)
def list_achievements(query: dict[str, Any]) -> Page:
    """Staff see all, a coach those of their clients, a client their own."""
    return progress.achievements(**query)


@blueprint.get(
    "/counters",
    summary="List what can be counted",
    permission=permissions.DEFINITIONS_READ,
    returns=schemas.CounterSchema,
    many=True,
    example=[
        {
            "name": "sessions_completed",
            "title": "Sessions completed",
            "unit": "sessions",
        }
    ],
)
def list_counters() -> Any:
    """What the features that are on count."""
    return list(counters.available().values())


@blueprint.get(
    "/definitions",
    summary="List milestones",
    permission=permissions.DEFINITIONS_READ,
    query=schemas.DefinitionsQuery,
    returns=schemas.DefinitionSchema,
    paged=True,
    example=[_DEFINITION],
)
def list_definitions(query: dict[str, Any]) -> Page:
    """Clients see them too: they are what there is to reach."""
    return definitions.find(**query)


@blueprint.post(
    "/definitions",
    summary="Add a milestone",
    permission=permissions.DEFINITIONS_MANAGE,
    body=schemas.NewDefinition,
    returns=schemas.DefinitionSchema,
    status=201,
    errors=(CounterUnknown, DefinitionInvalid, Unprocessable),
    request_example={
        "title": "Ten sessions",
        "rule": {
            "counter": "sessions_completed",
            "threshold": 10,
            "repeatEvery": 10,
        },
        "gift": {
            "kind": "message",
            "text": "A shake of your choice is waiting at the desk.",
            "channels": ["email", "inbox"],
        },
    },
    example=_DEFINITION,
)
def create_definition(body: dict[str, Any]) -> Any:
    """What was counted before counts too, unless countsFrom says otherwise."""
    return definitions.create(**body)


@blueprint.get(
    "/definitions/<uuid:definition_id>",
    summary="Read a milestone",
    permission=permissions.DEFINITIONS_READ,
    returns=schemas.DefinitionSchema,
    versioned=True,
    errors=(DefinitionMissing,),
    example=_DEFINITION,
)
def get_definition(definition_id: UUID) -> Any:
    """Any milestone of the gym."""
    return definitions.get(definition_id=definition_id)


@blueprint.patch(
    "/definitions/<uuid:definition_id>",
    summary="Change or archive a milestone",
    permission=permissions.DEFINITIONS_MANAGE,
    body=schemas.DefinitionChanges,
    returns=schemas.DefinitionSchema,
    versioned=True,
    errors=(DefinitionMissing, PreconditionFailed, DefinitionInvalid, Unprocessable),
    request_example={"rule": {"threshold": 12}, "archived": False},
    example=_DEFINITION,
)
def change_definition(
    definition_id: UUID, body: dict[str, Any], if_match: int | None
) -> Any:
    """What was reached, and the gifts that were made, stay as they are."""
    return definitions.change(
        definition_id=definition_id, changes=body, expected_version=if_match
    )


@blueprint.post(
    "/evaluate",
    summary="Evaluate milestones now",
    permission=permissions.PROGRESS_EVALUATE,
    body=schemas.EvaluateBody,
    returns=schemas.EvaluatedSchema,
    errors=(ClientUnknown, Forbidden),
    request_example={"clientId": _CLIENT_ID},
    example={"achieved": 1, "queued": False},
)
def evaluate(body: dict[str, Any]) -> Any:
    """Doing so again finds nothing new; it happens by itself, and every night."""
    return evaluation.evaluate_now(**body)


@blueprint.get(
    "/gifts",
    summary="List gifts",
    permission=permissions.GIFTS_READ,
    query=schemas.GiftsQuery,
    returns=schemas.GiftSchema,
    paged=True,
    example=[_GIFT],
)
def list_gifts(query: dict[str, Any]) -> Page:
    """Staff see all, a coach those of their clients."""
    return gifts.find(**query)


@blueprint.post(
    "/gifts",
    summary="Make a gift by hand",
    permission=permissions.GIFTS_MANAGE,
    body=schemas.NewGift,
    returns=schemas.GiftSchema,
    status=201,
    errors=(
        ClientUnknown,
        DefinitionMissing,
        Forbidden,
        MilestoneArchived,
        NothingGiven,
        GiftDuplicate,
    ),
    request_example={
        "clientId": _CLIENT_ID,
        "definitionId": _DEFINITION_ID,
        "note": "Well earned, Ava.",
    },
    example=_GIFT,
)
def create_gift(body: dict[str, Any]) -> Any:
    """For the first time that has none; before it is reached, for that time."""
    return gifts.give(**body)


@blueprint.get(
    "/gifts/<uuid:gift_id>",
    summary="Read a gift",
    permission=permissions.GIFTS_READ,
    returns=schemas.GiftSchema,
    errors=(GiftMissing, Forbidden),
    example=_GIFT,
)
def get_gift(gift_id: UUID) -> Any:
    """Answers 403 for the gift of a client out of the caller's reach."""
    return gifts.get(gift_id=gift_id)


@blueprint.post(
    "/gifts/<uuid:gift_id>/cancel",
    summary="Call a gift off",
    permission=permissions.GIFTS_MANAGE,
    returns=schemas.GiftSchema,
    errors=(GiftMissing, Forbidden, GiftSettled),
    example=_GIFT | {"status": "canceled", "settledAt": "2026-03-02T11:00:00Z"},
)
def cancel_gift(gift_id: UUID) -> Any:
    """One that was called off is not made again."""
    return gifts.cancel(gift_id=gift_id)


@blueprint.post(
    "/gifts/dispatch",
    summary="Hand gifts over",
    permission=permissions.GIFTS_MANAGE,
    body=schemas.DispatchBody,
    returns=schemas.QueuedSchema,
    errors=(GiftMissing, Forbidden, GiftSettled),
    request_example={"giftIds": [_GIFT_ID]},
    example={"queued": 1, "left": 0},
)
def dispatch_gifts(body: dict[str, Any]) -> Any:
    """By job, each once; one that failed is tried again when it is named."""
    return gifts.queue(**body)
