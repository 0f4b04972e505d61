"""Topics: what messages are about, which is what people opt out of."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.notifications.errors import TemplateDefect

CHANNELS: Final = ("email", "sms", "inbox")
"""The names of all channels."""

TABLE: Final = "topics"
"""The part of ``templates.toml`` that declares topics."""

_NAME: Final = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
_KEYS: Final = frozenset({"title", "mandatory", "channels", "templates"})


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of message.

    Attributes:
        name: The same in every installation.
        title: Language → as people read it; English and German are there.
        mandatory: Nobody can opt out of it and no quiet hours hold it up, as with
            mail about the safety of an account.
        channels: That it goes by unless asked otherwise.
        templates: That are about it.
    """

    name: str
    title: Mapping[str, str]
    mandatory: bool = False
    channels: tuple[str, ...] = ("email",)
    templates: tuple[str, ...] = ()

    def title_in(self, language: str | None) -> str:
        """The title in a language, else in English."""
        return self.title.get((language or "en").partition("-")[0], self.title["en"])


OTHER: Final = Topic("other", {"en": "Other messages", "de": "Sonstige Nachrichten"})
"""Of templates that no topic lists."""


def read_topics(declared: Mapping[str, Mapping[str, Any]], where: str) -> list[Topic]:
    """Reads the table of topics.

    Args:
        declared: The table, as TOML gives it.
        where: The file, for messages.

    Raises:
        TemplateDefect: A declaration breaks a rule.
    """
    return [_topic(name, given, where) for name, given in declared.items()]


def unite(topics: Iterable[Topic], templates: Iterable[str]) -> dict[str, Topic]:
    """All topics by name.

    Raises:
        TemplateDefect: One is declared twice, or names a template that is not there
            or another topic has.
    """
    known, taken = set(templates), set[str]()
    found = {OTHER.name: OTHER}
    for topic in topics:
        if topic.name in found:
            raise TemplateDefect(f"Two topics are named {topic.name}.")
        wrong = sorted({*topic.templates} - known | {*topic.templates} & taken)
        if wrong:
            raise TemplateDefect(
                f"Topic {topic.name}: unknown or of another topic: {', '.join(wrong)}."
            )
        taken |= {*topic.templates}
        found[topic.name] = topic
    return found


def _topic(name: str, given: Mapping[str, Any], where: str) -> Topic:
    title, channels = given.get("title", {}), tuple(given.get("channels", ("email",)))
    faults = {
        "its name is one lower-case word": _NAME.fullmatch(name) is None,
        f"it has other keys than {', '.join(sorted(_KEYS))}": bool(
            given.keys() - _KEYS
        ),
        "its title is in en and de": not {"en", "de"} <= title.keys(),
        f"its channels are of {', '.join(CHANNELS)}": not {*channels} <= {*CHANNELS},
        "it goes by a channel": not channels,
    }
    wrong = [fault for fault, is_there in faults.items() if is_there]
    if wrong:
        raise TemplateDefect(f"{where}, topic {name}: {'; '.join(wrong)}.")
    return Topic(
        name=name,
        title=dict(title),
        mandatory=bool(given.get("mandatory", False)),
        channels=channels,
        templates=tuple(given.get("templates", ())),
    )
