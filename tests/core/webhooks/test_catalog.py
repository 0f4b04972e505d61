"""Which types there are, and that a feature which is off sends none."""

from collections.abc import Sequence

import pytest

from core.app import Installation
from core.plugin.manifest import Manifest, ManifestError
from core.testing.kit import TestGym
from core.webhooks import send
from core.webhooks.catalog import MESSAGE, Catalog
from core.webhooks.errors import TypeUndeclared
from tests.core.webhooks.conftest import Webhooks

BOOKED = "scheduling.session.booked"


def manifest(plugin_id: str, *events: str, always_on: bool = False) -> Manifest:
    return Manifest(
        id=plugin_id,
        title="A plugin",
        summary="A plugin.",
        version="1.0.0",
        always_on=always_on,
        events_emitted=events,
    )


def test_types_come_from_core_and_the_manifests(gym: TestGym) -> None:
    made = Catalog.of(
        [MESSAGE],
        [
            manifest("members", "members.client.joined"),
            manifest("kilns", "kilns.kiln.fired"),
            manifest("gate", "gate.door.opened", always_on=True),
        ],
    )
    known = ["gate.door.opened", "members.client.joined", MESSAGE]
    assert made.available(gym.gym) == known
    assert not made.is_on("kilns.kiln.fired", gym.gym)
    assert not made.is_on("nobody.knows.it", gym.gym)
    made.require("kilns.kiln.fired")
    with pytest.raises(TypeUndeclared, match=r"nobody\.knows\.it"):
        made.require("nobody.knows.it")


@pytest.mark.parametrize(
    "events", [["members.client.joined"], ["kilns"], ["kilns.Fired"], ["kilns."]]
)
def test_a_manifest_names_its_own_events_only(events: Sequence[str]) -> None:
    with pytest.raises(ManifestError, match="kilns"):
        manifest("kilns", *events)


def test_switching_a_feature_off_and_on(
    webhooks: Webhooks, installation: Installation
) -> None:
    assert installation.plugins.manifest("scheduling")
    webhooks.add(BOOKED)
    api = webhooks.gym.api("admin")
    sent = []
    for on in (True, False, True):
        api.patch("/admin/plugins/scheduling", {"enabled": on})
        with webhooks.gym.unit():
            sent.append(send(BOOKED, {"sessionId": "0199"}))
    assert sent == [1, 0, 1]
    assert len(webhooks.deliveries()) == 2
