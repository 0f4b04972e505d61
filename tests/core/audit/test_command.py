"""``palestra audit``: exit codes, lines for people, JSON for machines."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from click.testing import CliRunner, Result

from core.app import Installation
from core.cli.audit import audit
from core.testing.kit import TestGym
from core.testing.server import TestServer
from tests.core.audit.chain import Chain


@pytest.fixture
def chain(gym: TestGym, postgres: TestServer) -> Chain:
    made = Chain(gym, postgres)
    made.write(4)
    return made


def run(installation: Installation, *arguments: str) -> Result:
    return CliRunner().invoke(audit, list(arguments), obj=installation)


def verified(chain: Chain, *, expect: int) -> dict[str, Any]:
    result = run(chain.gym.installation, "verify", "--gym", chain.gym.slug, "--json")
    assert result.exit_code == expect, result.output
    found: dict[str, Any] = orjson.loads(result.output)[chain.gym.slug]
    return found


def test_a_whole_chain_is_exit_code_0(chain: Chain) -> None:
    pending = len(chain.ids())
    assert verified(chain, expect=0)["pending"] == pending
    result = run(chain.gym.installation, "seal", "--gym", chain.gym.slug)
    assert result.output.splitlines()[-1] == f"{pending} entries sealed."
    found = verified(chain, expect=0)
    assert (found["seals"], found["entries"], found["pending"]) == (1, pending, 0)
    assert (found["findings"], found["oldestPending"]) == ([], None)
    assert found["head"]["seq"] == 1
    assert found["head"]["hash"] in chain.anchors.path(chain.gym.id).read_text()


def test_findings_are_exit_code_1_and_named(chain: Chain) -> None:
    chain.seal()
    victim = chain.ids()[-1]
    chain.tamper(f"UPDATE audit_entries SET action = 'x' WHERE id = '{victim}'")
    (finding,) = verified(chain, expect=1)["findings"]
    assert (finding["fault"], finding["seal"]) == ("changed", 1)
    assert UUID(finding["entryId"]) == victim
    result = run(chain.gym.installation, "verify", "--gym", chain.gym.slug)
    assert result.exit_code == 1
    head, line = result.output.splitlines()
    assert head.endswith("1 findings")
    assert line.split() == ["changed", "Entry", str(victim), "was", "changed."]


def test_all_gyms_are_verified_where_none_is_named(
    chain: Chain, other_gym: TestGym
) -> None:
    result = run(chain.gym.installation, "verify")
    assert f"{chain.gym.slug}: " in result.output
    assert f"{other_gym.slug}: " in result.output
