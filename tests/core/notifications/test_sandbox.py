"""The template language: what it refuses, and what its bounds stop."""

import time
from typing import Any

import pytest

from core.notifications import sandbox
from core.notifications.errors import Refused, TemplateDefect
from core.notifications.sandbox import MAX_SOURCE, Program


def render(source: str, *, html: bool = False, **variables: Any) -> str:
    return Program(source, label="probe", html=html).render(variables)


@pytest.mark.parametrize(
    "source",
    [
        '{{ "a" * 10**9 }}',
        '{{ "a" ~ "b" }}',
        "{{ 2 ** 100000 }}",
        '{{ "%1000000000d" % 1 }}',
        '{{ "{:1000000000d}".format(1) }}',
        "{{ name.__class__ }}",
        "{{ name._private }}",
        "{{ name.upper() }}",
        "{{ [].append(1) }}",
        "{{ range(10) }}",
        "{{ lipsum(n=100000) }}",
        "{{ cycler }}{{ cycler() }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{% for i in xs recursive %}{{ loop(xs) }}{% endfor %}",
        "{% set x = 'a' %}",
        "{% set x %}{{ name }}{{ name }}{% endset %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include 'other' %}",
        "{% extends 'other' %}",
        "{% import 'other' as o %}",
        "{% filter upper %}x{% endfilter %}",
        '{{ "a" | center(1000000000) }}',
        '{{ name | attr("__class__") }}',
        "{{ xs | map('upper') }}",
        "{{ name is callable }}",
        "{{ _budget }}",
        "{{ name",
        "{% nonsense %}",
        "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
        "{{ " + "not " * 500 + "1 }}",
        "{{ " + "9" * 5_000 + " }}",
        "x" * (MAX_SOURCE + 1),
    ],
)
def test_what_is_not_in_the_language_does_not_load(source: str) -> None:
    begun = time.process_time()
    with pytest.raises(TemplateDefect, match="probe"):
        Program(source, label="probe", html=False)
    assert time.process_time() - begun < 1


def test_the_button_belongs_to_html() -> None:
    with pytest.raises(TemplateDefect):
        Program('{{ link | button("Go") }}', label="probe", html=False)


@pytest.mark.parametrize(
    ("source", "variables"),
    [
        ("{{ nobody }}", {}),
        ("{{ name.upper }}", {"name": "Ada"}),
        ('{{ name["__class__"] }}', {"name": "Ada"}),
        ("{{ thing.missing }}", {"thing": {}}),
        ("{{ xs['append'] }}", {"xs": []}),
        ("{% for x in name %}{{ x }}{% endfor %}", {"name": "Ada"}),
        ("{% for x in number %}{{ x }}{% endfor %}", {"number": 4}),
    ],
)
def test_lookups_find_values_and_nothing_of_python(
    source: str, variables: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        render(source, **variables)


def test_loops_have_a_budget_however_they_are_nested() -> None:
    xs = list(range(200))
    nested = "{% for a in xs %}{% for b in xs %}{% for c in xs %}{% endfor %}"
    begun = time.process_time()
    with pytest.raises(Refused, match="loops more"):
        render(nested + "{% endfor %}{% endfor %}", xs=xs)
    assert time.process_time() - begun < 2


def test_output_is_bounded() -> None:
    with pytest.raises(Refused, match="writes more"):
        render("{% for x in xs %}{{ text }}{% endfor %}", xs=[1] * 100, text="a" * 9999)


def test_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_SECONDS", 0.0)
    with pytest.raises(Refused, match="takes longer"):
        render("{% for x in xs %}{{ x }}{% endfor %}", xs=[1, 2])


def test_what_is_in_the_language_works() -> None:
    source = (
        "{% for one in things if one.name %}{{ loop.index }}/{{ loop.length }} "
        "{{ one.name | upper }}{% if not loop.last %}, {% endif %}{% else %}none"
        "{% endfor %}{{ missing | default('-') }}{{ things[0].name | length }}"
    )
    things = [{"name": "mat"}, {"name": ""}, {"name": "bar"}]
    assert render(source, things=things) == "1/2 MAT, 2/2 BAR-3"


def test_values_are_escaped_in_html_only() -> None:
    assert render("{{ x }}", html=True, x="<b>&") == "&lt;b&gt;&amp;"
    assert render("{{ x }}", x="<b>&") == "<b>&"


def test_a_button_escapes_and_leads_to_the_web() -> None:
    source = "{{ link | button(label) }}"
    made = render(source, html=True, link='https://x.example/"><script>', label="<i>")
    assert "<script>" not in made
    assert "&lt;i&gt;" in made
    with pytest.raises(Refused):
        render(source, html=True, link="javascript:alert(1)", label="Go")
