"""Names of schemas: the owner's id first, none twice."""

import pytest

from core.http.openapi.names import SchemaNames
from core.http.schema import Schema


def schema(name: str, module: str) -> type[Schema]:
    return type(name, (Schema,), {"__module__": module})


@pytest.mark.parametrize(
    ("name", "module", "owner", "expected"),
    [
        ("Client", "plugins.members.schemas", "members", "MembersClient"),
        ("Client", "plugins.members.schemas.people", None, "MembersClient"),
        ("MembersClient", "plugins.members.schemas", "members", "MembersClient"),
        ("ClientSchema", "plugins.members.schemas", "members", "MembersClient"),
        ("Schema", "core.auth.schemas", None, "Schema"),
        ("_Inner", "core.auth.schemas", None, "Inner"),
        ("User", "core.auth.schemas", "members", "User"),
        ("Gym", "tenants.schemas", None, "Gym"),
        ("Lamp", "palestra_lights.wire", "lights", "LightsLamp"),
    ],
)
def test_the_owner_is_told(
    name: str, module: str, owner: str | None, expected: str
) -> None:
    names = SchemaNames()
    names.owner = owner
    assert names(schema(name, module)) == expected


def test_names_that_are_taken_count_on() -> None:
    names = SchemaNames()
    names.reserve("Meta")
    wanted = schema("Meta", "core.one")
    assert [names(wanted), names(schema("Meta", "core.two"))] == ["Meta2", "Meta3"]
