"""Integrations that plugins contribute."""

from collections.abc import Iterator
from typing import Any

import pytest
from marshmallow import fields

from core.app import Installation
from core.db.unit import session
from core.integrations import Integration, read
from core.integrations.catalogue import IntegrationClash, by_name
from core.integrations.email import EMAIL
from core.integrations.scrubbing import without_secrets
from core.outbound.guard import Guard
from core.plugin.spec import hookimpl
from core.sdk.http import Schema, Text
from core.testing.kit import TestGym

TOKEN = "Otter-im-Fluss-88"
PATH = "/admin/integrations/kiln"


class KilnSettings(Schema):
    token = Text(load_only=True, allow_none=True, load_default=None)
    codes = fields.List(Text(), load_only=True, load_default=list)
    degrees = fields.Integer(load_default=900)


def burst(configuration: Any, _guard: Guard) -> None:
    raise RuntimeError(f"cannot use {configuration['token']}")


KILN = Integration(
    name="kiln",
    title="Kiln",
    summary="Burns clay.",
    schema=KilnSettings,
    test=burst,
)


class Pottery:
    @hookimpl
    def integrations(self) -> list[Integration]:
        return [KILN]


@pytest.fixture
def kiln(gym: TestGym, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestGym]:
    """A gym in which the scheduling plugin contributes an integration."""
    plugins = gym.installation.plugins
    owner = plugins._by_id["scheduling"]  # noqa: SLF001 — a plugin that is installed
    monkeypatch.setattr(
        type(owner), "integrations", Pottery.integrations, raising=False
    )
    manager = plugins._manager  # noqa: SLF001 — the hook is added to it
    manager.unregister(owner)
    manager.register(owner, name="scheduling")
    yield gym
    monkeypatch.undo()
    manager.unregister(owner)
    manager.register(owner, name="scheduling")


def test_a_plugins_integration_is_there_while_the_plugin_is_on(kiln: TestGym) -> None:
    admin = kiln.api("admin")
    admin.put(PATH, {"settings": {"token": TOKEN}})
    shown = admin.get(PATH)
    assert shown["settings"] == {"degrees": 900}
    assert shown["secrets"] == {"codes": False, "token": True}
    with kiln.unit():
        assert read("kiln") == {"token": TOKEN, "codes": [], "degrees": 900}
    admin.patch("/admin/plugins/scheduling", {"enabled": False})
    for method in ("GET", "PUT", "DELETE"):
        body: dict[str, Any] | None = {"settings": {}} if method == "PUT" else None
        admin.fail(method, PATH, json=body, expect=404, code="INTEGRATION_UNKNOWN")
    admin.fail("POST", f"{PATH}/test", expect=404, code="INTEGRATION_UNKNOWN")
    assert "kiln" not in {one["name"] for one in admin.get("/admin/integrations")}
    with kiln.unit():
        assert read("kiln") is None
    admin.patch("/admin/plugins/scheduling", {"enabled": True})
    assert admin.get(PATH)["secrets"] == {"codes": False, "token": True}


def test_null_removes_a_secret_that_may_be_missing(kiln: TestGym) -> None:
    admin = kiln.api("admin")
    admin.put(PATH, {"settings": {"token": TOKEN, "codes": ["a", "b"], "degrees": 5}})
    shown = admin.put(PATH, {"settings": {"token": None}})
    assert shown["secrets"] == {"codes": True, "token": False}
    # What is no secret and is left out takes its default.
    assert shown["settings"] == {"degrees": 900}
    with kiln.unit():
        assert read("kiln") == {"token": None, "codes": ["a", "b"], "degrees": 900}
    admin.put(PATH, {"settings": {"codes": None}})
    with kiln.unit():
        assert session().info is not None
        assert read("kiln") == {"token": None, "codes": [], "degrees": 900}


def test_a_test_that_breaks_tells_nothing_of_the_settings(
    kiln: TestGym, capfd: pytest.CaptureFixture[str]
) -> None:
    kiln.api("admin").put(PATH, {"settings": {"token": TOKEN}})
    error = kiln.api("admin").fail(
        "POST", f"{PATH}/test", expect=502, code="INTEGRATION_FAILED"
    )
    assert TOKEN not in str(error)
    said = str(capfd.readouterr())
    assert "integration.test_broken" in said
    assert TOKEN not in said


def test_two_of_one_name_are_refused(installation: Installation) -> None:
    with pytest.raises(IntegrationClash, match="email"):
        by_name([[EMAIL]])
    assert {"email", "sms"} <= by_name(
        installation.plugins.all_gyms.integrations()
    ).keys()


@pytest.mark.parametrize("name", ["", "E-Mail", "a/b", "x" * 40])
def test_a_name_is_one_word(name: str) -> None:
    with pytest.raises(ValueError, match="one word"):
        Integration(name=name, title="", summary="", schema=KilnSettings, test=burst)


def test_secrets_are_taken_out_of_texts_wherever_they_stand() -> None:
    secrets = [f"smtp://me:{TOKEN}%21@host.example", ["0815-4711"], None, "ab"]
    told = {"a": [f"no {TOKEN}!", "0815-4711"], "b": {"c": f"x{TOKEN}%21"}, "d": "ab"}
    assert without_secrets(told, secrets) == {
        "a": ["no [hidden]", "[hidden]"],
        "b": {"c": "x[hidden]"},
        "d": "ab",
    }
