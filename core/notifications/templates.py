"""The templates of core and of the plugins, checked when the process starts.

A folder holds for each template and language three files,
``<owner>.<name>.<language>.<subject|txt|html>.j2``, and one ``templates.toml`` that
declares each template's variables with a value for samples.
"""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from core.notifications import sandbox
from core.notifications.errors import (
    TemplateDefect,
    TemplateUnknown,
    TopicUnknown,
)
from core.notifications.sandbox import Program
from core.notifications.topics import OTHER, TABLE, Topic, read_topics, unite

OWN = Path(__file__).with_name("templates")
"""Core's own folder."""

LANGUAGES = ("en", "de")
"""Every template exists in these; it may exist in more."""

STANDING = frozenset({"gym_name", "name"})
"""Variables that every template has: the gym, and the person or None."""

MAX_SUBJECT = 200
"""Characters."""

MAX_SMS = 480
"""Characters of a text message: three of the network's parts."""

PARTS = ("subject", "txt", "html")
"""What every template has in each language; ``sms`` may be there too."""

_FILE = re.compile(
    r"^(?P<name>[a-z][a-z0-9]*\.[a-z][a-z0-9_]*)"
    r"\.(?P<language>[a-z]{2,3}(?:-[A-Z]{2})?)\.(?P<part>subject|txt|html|sms)\.j2$"
)
_LAYOUT = "layout.html.j2"
_DECLARATIONS = "templates.toml"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it is read: its subject, and its text in several forms.

    Attributes:
        sms: Written for a telephone; None where nobody wrote it.
    """

    subject: str
    text: str
    html: str
    sms: str | None = None

    @property
    def short(self) -> str:
        """What a text message says: at most ``MAX_SMS`` characters."""
        said = (self.text if self.sms is None else self.sms).strip()
        if len(said) <= MAX_SMS:
            return said
        return said[: MAX_SMS - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Template:
    """One template in all its languages.

    Attributes:
        name: ``owner.name``.
        sample: Variable → a value for samples; its keys are the declared variables.
        programs: Language → part → the checked file.
        sources: Language → part → the file's text.
    """

    name: str
    sample: Mapping[str, Any]
    programs: Mapping[str, Mapping[str, Program]]
    sources: Mapping[str, Mapping[str, str]]

    def require(self, variables: Mapping[str, Any]) -> None:
        """Refuses variables other than the declared ones.

        Raises:
            TemplateDefect: One is unknown or missing.
        """
        wrong = sorted(variables.keys() ^ self.sample.keys())
        if wrong:
            raise TemplateDefect(
                f"Template {self.name}: variables unknown or missing: "
                f"{', '.join(wrong)}."
            )


class Templates:
    """Every template of an installation.

    Args:
        folders: The plugins' folders; core's own comes first by itself.

    Raises:
        TemplateDefect: A file breaks a rule; the message names it.
    """

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self._templates: dict[str, Template] = {}
        declared: list[Topic] = []
        for folder in (OWN, *folders):
            templates, topics = _read(folder)
            declared += topics
            for template in templates:
                if template.name in self._templates:
                    raise TemplateDefect(f"Two templates are named {template.name}.")
                self._templates[template.name] = template
        self._topics = unite(declared, self._templates)
        self._topic_of = {
            name: topic for topic in self._topics.values() for name in topic.templates
        }
        self._layout = Program(
            (OWN / _LAYOUT).read_text("utf-8"), label=_LAYOUT, html=True
        )

    @property
    def names(self) -> list[str]:
        """The names of all templates, sorted."""
        return sorted(self._templates)

    @property
    def topics(self) -> list[Topic]:
        """All topics, sorted by name."""
        return sorted(self._topics.values(), key=lambda topic: topic.name)

    def topic(self, name: str) -> Topic:
        """The topic of that name.

        Raises:
            TopicUnknown: Nobody declares it.
        """
        found = self._topics.get(name)
        if found is None:
            raise TopicUnknown(details={"topic": name})
        return found

    def topic_of(self, template: str) -> Topic:
        """What a template is about."""
        return self._topic_of.get(template, OTHER)

    def get(self, name: str) -> Template:
        """The template of that name.

        Raises:
            TemplateUnknown: There is none.
        """
        found = self._templates.get(name)
        if found is None:
            raise TemplateUnknown(details={"template": name})
        return found

    def language(
        self, name: str, *wanted: str | None, more: Collection[str] = ()
    ) -> str:
        """The language to use: the first wanted one that the template has.

        Args:
            name: The template.
            *wanted: BCP 47 tags, the best first; a regional one also stands for its
                language. English is there when none fits.
            more: Languages that a gym wrote it in itself.
        """
        there = {*self.get(name).programs, *more}
        for tag in filter(None, wanted):
            for candidate in (tag, tag.partition("-")[0]):
                if candidate in there:
                    return candidate
        return LANGUAGES[0]

    def render(
        self,
        name: str,
        *,
        language: str,
        variables: Mapping[str, Any],
        programs: Mapping[str, Program] | None = None,
    ) -> Rendered:
        """Renders a message.

        Args:
            name: The template.
            language: As ``language`` gave it.
            variables: The declared and the standing ones.
            programs: Part → a gym's own words, instead of the template's.

        Raises:
            TemplateUnknown: The template, or this language of it, is gone.
            Refused: The template does not render with these variables.
        """
        parts = programs or self.get(name).programs.get(language)
        if parts is None:
            raise TemplateUnknown(details={"template": name, "language": language})
        variables = {**variables, sandbox.LANGUAGE: language}
        subject = " ".join(parts["subject"].render(variables).split())
        body = parts["html"].render(variables)
        short = parts.get("sms")
        return Rendered(
            subject=subject[:MAX_SUBJECT],
            text=parts["txt"].render(variables).strip() + "\n",
            html=self._layout.render(
                {
                    "gym_name": variables["gym_name"],
                    "language": language,
                    "subject": subject,
                    "body": Markup(body),  # noqa: S704 — escaped as it was rendered
                }
            ),
            sms=None if short is None else short.render(variables),
        )


def checked(
    sources: Mapping[str, str], declared: Collection[str], label: str
) -> dict[str, Program]:
    """Compiles the parts of one template in one language.

    Args:
        sources: Part → its text.
        declared: The variables that it may use, besides the standing ones.
        label: Its name in messages.

    Raises:
        TemplateDefect: A part is faulty, or uses what is not declared.
    """
    return {
        part: _program(source, f"{label}.{part}", part, declared)
        for part, source in sources.items()
    }


def _read(folder: Path) -> tuple[list[Template], list[Topic]]:
    declared, topics = _declared(folder)
    files: dict[str, dict[str, dict[str, str]]] = {name: {} for name in declared}
    for path in sorted(folder.glob("*.j2")):
        match = _FILE.match(path.name)
        if match is None:
            if path.name == _LAYOUT and folder == OWN:
                continue
            raise TemplateDefect(f"{path.name}: not named name.language.part.j2.")
        if match["name"] not in files:
            raise TemplateDefect(f"{path.name}: {_DECLARATIONS} does not declare it.")
        parts = files[match["name"]].setdefault(match["language"], {})
        parts[match["part"]] = path.read_text("utf-8")
    return [_built(name, declared[name], files[name]) for name in declared], topics


def _built(
    name: str,
    variables: Mapping[str, Any],
    by_language: Mapping[str, Mapping[str, str]],
) -> Template:
    _require_whole(name, by_language)
    programs = {
        language: checked(sources, variables.keys(), f"{name}.{language}")
        for language, sources in by_language.items()
    }
    return Template(name, variables, programs, by_language)


def _declared(folder: Path) -> tuple[dict[str, Mapping[str, Any]], list[Topic]]:
    """Template → variable → sample value; and the topics."""
    where = f"{folder.name}/{_DECLARATIONS}"
    try:
        document = tomllib.loads((folder / _DECLARATIONS).read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise TemplateDefect(f"{where}: {error}.") from error
    topics = read_topics(document.pop(TABLE, {}), where)
    found = {
        f"{owner}.{name}": variables
        for owner, templates in document.items()
        for name, variables in templates.items()
    }
    for name, variables in found.items():
        taken = sorted(STANDING & variables.keys())
        if taken:
            raise TemplateDefect(f"{name}: {', '.join(taken)} is there by itself.")
    return found, topics


def _require_whole(name: str, by_language: Mapping[str, Mapping[str, str]]) -> None:
    for language in {*LANGUAGES, *by_language}:
        missing = sorted(set(PARTS) - by_language.get(language, {}).keys())
        if missing:
            raise TemplateDefect(f"{name}.{language}: {', '.join(missing)} is missing.")


def _program(source: str, label: str, part: str, declared: Collection[str]) -> Program:
    program = Program(source, label=f"{label}.j2", html=part == "html")
    unknown = sorted(program.uses - {*declared} - STANDING)
    if unknown:
        raise TemplateDefect(f"{label}.j2: undeclared: {', '.join(unknown)}.")
    return program
