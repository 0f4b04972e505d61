"""The routes on rules of reminders."""

from typing import Any

from core.http.blueprint import Blueprint
from core.jobs.outbox import enqueue
from core.notifications.permissions import READ_RULES, UPDATE_RULES
from core.notifications.reminders import rules as service
from core.notifications.reminders.errors import ReminderUnknown, TooManyRules
from core.notifications.reminders.jobs import plan_rule
from core.notifications.reminders.rules import Rule
from core.notifications.reminders.schemas import ReminderRuleOut, ReminderRulesIn

rules = Blueprint(
    "notification_rules",
    prefix="/notifications/rules",
    tag="Notifications",
    description="When people are reminded of what lies ahead.",
)

_EXAMPLE = [
    {
        "kind": "scheduling.session_reminder",
        "title": "Reminder of a session",
        "topic": "scheduling.reminders",
        "minutesBefore": minutes,
        "enabled": True,
        "channels": None,
    }
    for minutes in (1440, 60)
]


@rules.get(
    summary="List the rules of reminders",
    permission=READ_RULES,
    returns=ReminderRuleOut,
    many=True,
    example=_EXAMPLE,
)
def list_rules() -> list[dict[str, Any]]:
    """Those of the plugins that are on; the gym's own word goes before theirs."""
    return [_shown(rule) for rule in service.all_rules()]


@rules.patch(
    summary="Change the rules of reminders",
    permission=UPDATE_RULES,
    body=ReminderRulesIn,
    returns=ReminderRuleOut,
    many=True,
    errors=(ReminderUnknown, TooManyRules),
    example=_EXAMPLE,
    request_example={
        "rules": [
            {
                "kind": "scheduling.session_reminder",
                "minutesBefore": 60,
                "enabled": False,
            }
        ]
    },
)
def change_rules(body: dict[str, Any]) -> list[dict[str, Any]]:
    """A rule is known by its kind and minutes; one that is not there yet is made.

    It holds for what lies ahead already: reminders of a rule that is switched off are
    not sent, and those of a new one are planned.
    """
    for rule in service.change(body["rules"]):
        args = {"kind": rule.kind.name, "minutes_before": rule.minutes_before}
        enqueue(plan_rule, args=args)
    return [_shown(rule) for rule in service.all_rules()]


def _shown(rule: Rule) -> dict[str, Any]:
    return {
        "kind": rule.kind.name,
        "title": rule.kind.title,
        "topic": rule.kind.topic,
        "minutes_before": rule.minutes_before,
        "enabled": rule.enabled,
        "channels": rule.channels,
    }
