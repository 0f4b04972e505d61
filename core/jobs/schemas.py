"""Wire shapes of the job routes."""

from marshmallow import fields, validate

from core.http.schema import Moment, PageQuery, Schema, Sort, Text
from core.jobs.admin import SORTS
from core.jobs.models import JobState


class JobQuery(PageQuery):
    """Which jobs to list."""

    state = Text(
        maximum=16,
        validate=validate.OneOf([state.value for state in JobState]),
        metadata={"description": "Only jobs in this state."},
    )
    kind = Text(maximum=100, metadata={"description": "Only jobs of this actor."})
    sort = Sort(*SORTS, default="createdAt:desc")


class Job(Schema):
    """A background job; its arguments stay inside."""

    id = fields.UUID(required=True)
    kind = Text(required=True, metadata={"description": "The actor that runs it."})
    state = Text(
        required=True, validate=validate.OneOf([state.value for state in JobState])
    )
    run_at = Moment(
        required=True, metadata={"description": "It does not run before this."}
    )
    attempts = fields.Integer(required=True)
    max_attempts = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Null until the job is first due."},
    )
    last_error = Text(
        required=True,
        allow_none=True,
        metadata={"description": "What went wrong last: its kind and place."},
    )
    dedup_key = Text(required=True, allow_none=True)
    actor_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "The user on whose behalf it runs."},
    )
    trace_id = Text(required=True, allow_none=True)
    created_at = Moment(required=True)
    finished_at = Moment(required=True, allow_none=True)
