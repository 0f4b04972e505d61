"""A registry over three plugins that build on each other, on the kit's database."""

import pytest

from core.app import Installation
from core.plugin.manager import Plugins
from tenants.provisioning import Provisioning
from tests.tenants.world import FakePlugin, WorkshopSettings, World


@pytest.fixture
def world(installation: Installation) -> World:
    floor = FakePlugin("floor")
    lessons = FakePlugin("lessons", requires={"floor": ">=1"})
    workshop = FakePlugin(
        "workshop",
        requires={"lessons": ">=1"},
        default_enabled=False,
        settings=WorkshopSettings,
    )
    plugins = Plugins([floor, lessons, workshop])
    return World(
        floor=floor,
        lessons=lessons,
        workshop=workshop,
        plugins=plugins,
        directory=Provisioning(plugins, ("en", "de")),
        units=installation.units(),
        operator=installation.units("operator"),
    )
