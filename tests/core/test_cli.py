"""Commands that write documents and list jobs."""

from pathlib import Path

import orjson
from click.testing import CliRunner

from core.app import Installation
from core.cli.documents import openapi
from core.cli.jobs import jobs
from core.jobs.outbox import enqueue
from core.testing.kit import TestGym
from tests.core.jobs.probe import count


def test_a_file_that_cannot_be_written_is_one_line(
    installation: Installation, tmp_path: Path
) -> None:
    target = tmp_path / "nowhere" / "openapi.json"
    result = CliRunner().invoke(openapi, ["--output", str(target)], obj=installation)
    assert result.exit_code == 1
    assert result.output == (
        f"Error: Cannot write {target}: No such file or directory.\n"
    )


def test_jobs_are_listed_with_moments_in_z(gym: TestGym) -> None:
    with gym.unit():
        enqueue(count, args={"number": 1})
    arguments = ["list", "--gym", gym.slug, "--json"]
    result = CliRunner().invoke(jobs, arguments, obj=gym.installation)
    assert result.exit_code == 0, result.output
    rows = orjson.loads(result.output)
    assert [row["kind"] for row in rows] == ["probe.count"]
    assert rows[0]["runAt"].endswith("Z")
