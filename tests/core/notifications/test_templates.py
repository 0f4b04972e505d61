"""The registry: core's own templates, and what it refuses to load."""

import re
from html import unescape
from pathlib import Path

import pytest

from core.notifications.errors import Refused, TemplateDefect, TemplateUnknown
from core.notifications.templates import LANGUAGES, PARTS, Templates

CORE = Templates()
STANDING = {"gym_name": "Äther & Söhne", "name": None}


def seen(html: str) -> str:
    """What a reader sees of HTML, roughly."""
    body = html.partition("<body>")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_core_brings_the_templates_of_accounts() -> None:
    assert CORE.names == [
        "auth.contact",
        "auth.email_changed",
        "auth.invite",
        "auth.password_changed",
        "auth.registration_exists",
        "auth.reset",
        "auth.totp_reset",
        "auth.verify",
        "notifications.message",
    ]


@pytest.mark.parametrize("name", CORE.names)
def test_each_exists_in_every_language_with_the_same_variables(name: str) -> None:
    template = CORE.get(name)
    used = {
        language: {part: template.programs[language][part].uses for part in PARTS}
        for language in LANGUAGES
    }
    assert used["en"] == used["de"]
    assert set(template.sample) <= used["en"]["txt"]
    assert set(template.sample) <= used["en"]["html"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CORE.names)
def test_each_renders_with_its_sample(name: str, language: str) -> None:
    template = CORE.get(name)
    made = CORE.render(
        name, language=language, variables={**STANDING, **template.sample}
    )
    assert "\n" not in made.subject
    assert "Äther & Söhne" in made.subject
    assert "Äther &amp; Söhne" in made.html
    assert f'lang="{language}"' in made.html
    for form in (made.text, seen(made.html)):
        assert form.startswith({"en": "Hello,", "de": "Hallo,"}[language])
    if "link" in template.sample:
        assert f"\n{template.sample['link']}\n" in made.text
        assert f'href="{template.sample["link"]}"' in made.html
    assert not re.search(r"[{}]", made.text)


def test_people_are_addressed_by_name_and_one_minute_is_one() -> None:
    given = {"name": "<Zoë>", "gym_name": "Loft", "link": "https://a.b/?x=1&y=2"}
    made = CORE.render("auth.verify", language="en", variables={**given, "minutes": 1})
    assert made.text.startswith("Hello <Zoë>,\n")
    assert "Hello &lt;Zoë&gt;," in made.html
    assert "1 minute and" in made.text
    assert "https://a.b/?x=1&y=2" in made.text
    assert 'href="https://a.b/?x=1&amp;y=2"' in made.html


def test_the_language_is_the_first_that_is_there() -> None:
    assert CORE.language("auth.verify", None, "de-AT", "en") == "de"
    assert CORE.language("auth.verify", "fr", "de") == "de"
    assert CORE.language("auth.verify", "fr", None) == "en"


def test_unknown_names_and_languages_are_refused() -> None:
    with pytest.raises(TemplateUnknown):
        CORE.get("auth.nothing")
    with pytest.raises(TemplateUnknown):
        CORE.render("auth.verify", language="fr", variables=STANDING)
    with pytest.raises(Refused, match=r"auth\.verify"):
        CORE.render("auth.verify", language="en", variables=STANDING)


def test_variables_are_exactly_the_declared_ones() -> None:
    with pytest.raises(TemplateDefect, match="link"):
        CORE.get("auth.verify").require({"minutes": 1})
    with pytest.raises(TemplateDefect, match="more"):
        CORE.get("auth.verify").require({"link": "", "minutes": 1, "more": 1})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plugin's folder with one sound template."""
    (tmp_path / "templates.toml").write_text('[probe.hello]\nwho = "Ada"\n')
    for language in LANGUAGES:
        for part in PARTS:
            path = tmp_path / f"probe.hello.{language}.{part}.j2"
            path.write_text("{{ who }} {{ gym_name }}")
    return tmp_path


def test_a_plugins_folder_is_read(folder: Path) -> None:
    (folder / "probe.hello.fr.subject.j2").write_text("Salut\n {{ who }}")
    (folder / "probe.hello.fr.txt.j2").write_text("Salut {{ who }}")
    (folder / "probe.hello.fr.html.j2").write_text("<p>Salut {{ who }}</p>")
    templates = Templates([folder])
    assert templates.language("probe.hello", "fr-CA") == "fr"
    made = templates.render(
        "probe.hello", language="fr", variables={**STANDING, "who": "Ada"}
    )
    assert (made.subject, made.text) == ("Salut Ada", "Salut Ada\n")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("probe.hello.en.txt.j2", "{{ whom }}", "undeclared: whom"),
        ("probe.hello.en.txt.j2", "{{ 'a' * 9 }}", "line 1: Mul"),
        ("probe.hello.fr.txt.j2", "x", "html, subject is missing"),
        ("probe.other.en.txt.j2", "x", "does not declare"),
        ("hello.j2", "x", "not named"),
        ("layout.html.j2", "x", "not named"),
        ("templates.toml", "[probe.hello]\nname = 1", "there by itself"),
        ("templates.toml", "[probe.hello]\nwho = 1\n[probe.gone]\n", "missing"),
        ("templates.toml", "[", "templates.toml"),
    ],
)
def test_a_faulty_folder_stops_the_start(
    folder: Path, name: str, text: str, says: str
) -> None:
    (folder / name).write_text(text)
    with pytest.raises(TemplateDefect, match=re.escape(says)):
        Templates([folder])


def test_incomplete_doubled_and_undeclared_folders_are_refused(folder: Path) -> None:
    with pytest.raises(TemplateDefect, match="Two templates"):
        Templates([folder, folder])
    (folder / "probe.hello.de.txt.j2").unlink()
    with pytest.raises(TemplateDefect, match=r"probe\.hello\.de: txt is missing"):
        Templates([folder])
    (folder / "templates.toml").unlink()
    with pytest.raises(TemplateDefect, match=r"templates\.toml"):
        Templates([folder])


def test_nobody_opts_out_of_mail_about_an_account() -> None:
    about = {name for name in CORE.names if name.startswith("auth.")}
    assert about == {*CORE.topic("account").templates}
    assert CORE.topic("account").mandatory
