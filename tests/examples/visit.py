"""What a test of a stranger's environment does inside it; run by its Python.

``fill`` makes a gym with a locker in it and prints how to find both; ``look SLUG``
prints what the audit log of that gym shows, and which plugins are there.
"""

import json
import sys
from typing import Any

from core.app import Installation, create_app
from core.auth.testing import issue_token
from core.config import Settings
from core.sdk.users import find_user_by_email
from core.testing.kit import ApiClient, TestGym

PLACE = {"number": "12", "place": "Changing room 1"}


def fill(installation: Installation) -> dict[str, Any]:
    """Makes a gym and a locker."""
    gym = TestGym(create_app(installation=installation), installation)
    locker = gym.api("admin").post("/lockers/units", PLACE)
    return {"gym": gym.slug, "locker": locker["id"]}


def look(installation: Installation, slug: str) -> dict[str, Any]:
    """Reads the gym's audit log as its admin."""
    app = create_app(installation=installation)
    tenant_id = installation.find_gym(slug)
    with installation.in_gym(tenant_id):
        admin = find_user_by_email(f"admin@{slug}.example")
        assert admin is not None
        token = issue_token(app, tenant_id=tenant_id, user_id=admin.id)
    api = ApiClient(app, slug, token)
    return {
        "audits": api.get("/audits", query={"entity": "lockers.unit"}),
        "routes": api.raw("GET", "/lockers/units").status_code,
        "plugins": [one["id"] for one in api.get("/admin/plugins")],
    }


def main() -> None:
    """Does what the command line asks for."""
    verb, *arguments = sys.argv[1:]
    with Installation(Settings.load()) as installation:
        found = fill(installation) if verb == "fill" else look(installation, *arguments)
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
