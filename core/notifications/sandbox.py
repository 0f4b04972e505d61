"""The template language: a small part of Jinja2, with bounds on size and time.

Whoever writes a template may come from a plugin or, one day, from a gym. Jinja2's
sandbox keeps a template from reaching Python; it does not keep it from filling the
memory or running for ever. So a template may use only what is listed here, none of
which makes a value larger than what went in, and every loop counts against a budget.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from jinja2 import StrictUndefined, TemplateError, Undefined, meta, nodes, pass_context
from jinja2.environment import Template
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape
from typing_extensions import override

from core.notifications.errors import Refused, TemplateDefect

MAX_SOURCE = 32 * 1024
"""Characters of one template file."""

MAX_OUTPUT = 256 * 1024
"""Characters that one file may render to."""

MAX_ROUNDS = 10_000
"""Rounds of all loops of one rendering, together."""

MAX_SECONDS = 1.0
"""Rendering stops at the first round or output after so long."""

MAX_DEPTH = 40
"""How deep a template's parts may be nested."""

ZONE, LANGUAGE = "_zone", "_language"
"""Variables that no template can name: the gym's time zone, the reader's language."""

_BUDGET = "_budget"
_ROUNDS = "_rounds"
_FILTERS = frozenset(
    {"button", "capitalize", "clock", "day", "default", "e", "escape", "length",
     "lower", "title", "trim", "truncate", "upper", "urlencode"}
)  # fmt: skip
_TESTS = frozenset({"defined", "none"})
_LOOP = frozenset({"index", "index0", "first", "last", "length"})
_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const,
    nodes.If, nodes.For, nodes.CondExpr, nodes.And, nodes.Or, nodes.Not,
    nodes.Compare, nodes.Operand, nodes.Filter, nodes.Test, nodes.Getattr,
    nodes.Getitem, nodes.Keyword, nodes.Neg, nodes.Tuple,
)  # fmt: skip
_UNREADABLE = (TemplateError, RecursionError, ValueError, MemoryError, SyntaxError)


class Budget:
    """What one rendering may still spend."""

    def __init__(self) -> None:
        self._rounds = MAX_ROUNDS
        self._output = MAX_OUTPUT
        self._deadline = time.monotonic() + MAX_SECONDS

    def spend(self, *, rounds: int = 0, output: int = 0) -> None:
        """Takes from it.

        Raises:
            Refused: It is used up.
        """
        self._rounds -= rounds
        self._output -= output
        if self._rounds < 0:
            raise Refused(f"The template loops more than {MAX_ROUNDS} times.")
        if self._output < 0:
            raise Refused(f"The template writes more than {MAX_OUTPUT} characters.")
        if time.monotonic() > self._deadline:
            raise Refused(f"The template takes longer than {MAX_SECONDS} s.")


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment: lookups find keys of mappings, never attributes of objects."""

    def __init__(self, *, html: bool) -> None:
        super().__init__(
            autoescape=html,
            undefined=StrictUndefined,
            keep_trailing_newline=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.globals.clear()
        allowed = _FILTERS & self.filters.keys()
        self.filters = {name: self.filters[name] for name in allowed}
        self.filters |= {_ROUNDS: _counted, "day": _day, "clock": _clock}
        if html:
            self.filters["button"] = _button
        self.tests = {name: self.tests[name] for name in _TESTS}

    @override
    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    @override
    def getitem(self, obj: Any, argument: Any) -> Any:
        readable = isinstance(obj, Mapping) or (
            isinstance(obj, list) and isinstance(argument, int)
        )
        if readable:
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=argument)


class Program:
    """One checked and compiled template file.

    Args:
        source: Its text.
        label: Its name in messages.
        html: Whether values are escaped.

    Attributes:
        uses: Names of the variables it reads.

    Raises:
        TemplateDefect: It is too large, faulty, or uses what is not allowed.
    """

    def __init__(self, source: str, *, label: str, html: bool) -> None:
        if len(source) > MAX_SOURCE:
            raise TemplateDefect(
                f"{label}: {len(source)} characters; {MAX_SOURCE} are allowed."
            )
        environment = Sandbox(html=html)
        try:
            tree = environment.parse(source)
            _hold_to_language(tree, label)
            self.uses = frozenset(meta.find_undeclared_variables(tree))
            _Counting().visit(tree)
            code = environment.compile(tree, name=label)
        except _UNREADABLE as error:
            if isinstance(error, TemplateDefect):
                raise
            raise TemplateDefect(f"{label}: {type(error).__name__}: {error}") from error
        self._label = label
        self._template = Template.from_code(environment, code, {})

    def render(self, variables: Mapping[str, Any]) -> str:
        """Renders it.

        Raises:
            Refused: It spends too much, or a variable is not as it expects.
        """
        budget = Budget()
        written: list[str] = []
        try:
            for piece in self._template.generate({**variables, _BUDGET: budget}):
                budget.spend(output=len(piece))
                written.append(piece)
        except (TemplateError, TypeError, ValueError, RecursionError) as error:
            raise Refused(f"Template {self._label}: {type(error).__name__}.") from error
        return "".join(written)


class _Counting(NodeTransformer):
    """Sends what each loop runs over through the counter."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 — Jinja2's name
        self.generic_visit(node)
        node.iter = nodes.Filter(
            node.iter, _ROUNDS, [], [], None, None, lineno=node.lineno
        )
        return node


@pass_context
def _counted(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    budget: Budget = context[_BUDGET]
    if isinstance(items, Undefined | str):
        raise TemplateError("A loop runs over a list.")
    for item in items:
        budget.spend(rounds=1)
        yield item


@pass_context
def _day(context: Context, moment: str) -> str:
    """The date of a moment, by the gym's clock: Monday, March 2, 2026."""
    local, language = _local(context, moment)
    return str(format_date(local, "full", locale=language))


@pass_context
def _clock(context: Context, moment: str) -> str:
    """The time of day of a moment, by the gym's clock: 6:00 PM or 18:00."""
    local, language = _local(context, moment)
    # CLDR puts a narrow space before AM and PM, which telephones show as a box.
    return str(format_time(local, "short", locale=language)).replace("\u202f", " ")


def _local(context: Context, moment: str) -> tuple[datetime, Locale]:
    """A moment by the gym's clock, and how the reader's language writes it."""
    read = datetime.fromisoformat(str(moment))
    if read.tzinfo is None:
        raise ValueError("A moment has a UTC offset.")
    zone = context.get(ZONE, UTC)
    return read.astimezone(zone), _locale(str(context.get(LANGUAGE, "en")))


def _locale(language: str) -> Locale:
    """What CLDR knows of a language; English where it knows nothing."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _button(link: str, label: str) -> Markup:
    """A link that looks like a button, in mail programs that read no style sheets."""
    if not str(link).startswith(("https://", "http://")):
        raise ValueError("A button leads to a web page.")
    return Markup(
        '<a class="button" href="{}" style="display:inline-block;padding:12px 24px;'
        "border-radius:6px;background:#1f6f5c;color:#ffffff;font-weight:bold;"
        'text-decoration:none">{}</a>'
    ).format(escape(link), escape(label))


def _hold_to_language(node: nodes.Node, label: str, depth: int = 0) -> None:
    """Refuses what the language does not have.

    Raises:
        TemplateDefect: Naming the template and the line.
    """
    what = _forbidden(node)
    if depth > MAX_DEPTH:
        what = "deeper nesting than allowed"
    if what is not None:
        raise TemplateDefect(f"{label}, line {node.lineno}: {what}.")
    for child in node.iter_child_nodes():
        _hold_to_language(child, label, depth + 1)


_RULES: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (
        lambda node: not isinstance(node, _NODES),
        "{type} is not part of the template language",
    ),
    (
        lambda node: isinstance(node, nodes.Filter) and node.name not in _FILTERS,
        "there is no filter {name}",
    ),
    (
        lambda node: isinstance(node, nodes.Test) and node.name not in _TESTS,
        "there is no test {name}",
    ),
    (
        lambda node: isinstance(node, nodes.For) and node.recursive,
        "a loop cannot call itself",
    ),
    (
        lambda node: isinstance(node, nodes.Filter) and node.node is None,
        "a filter stands behind a value",
    ),
    (
        lambda node: (
            isinstance(node, nodes.Name | nodes.Getattr)
            and getattr(node, "name", getattr(node, "attr", "")).startswith("_")
        ),
        "names begin with a letter",
    ),
)


def _forbidden(node: nodes.Node) -> str | None:
    """What is wrong with one part of a template; None when nothing is."""
    for breaks, message in _RULES:
        if breaks(node):
            name = getattr(node, "name", "")
            return message.format(type=type(node).__name__, name=name)
    return None
