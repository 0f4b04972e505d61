"""``palestra jobs``: look at a gym's jobs, run a dead one again."""

from uuid import UUID

import click
import orjson

from core.app import Installation
from core.clock import as_rfc3339
from core.jobs.admin import list_jobs, retry
from core.jobs.models import JobState


@click.group()
def jobs() -> None:
    """The jobs of one gym."""


@jobs.command("list")
@click.option("--gym", "slug", required=True, help="The gym's slug.")
@click.option("--state", type=click.Choice([state.value for state in JobState]))
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_obj
def list_of_gym(
    installation: Installation,
    slug: str,
    state: str | None,
    as_json: bool,  # noqa: FBT001 — click's flag
) -> None:
    """List the newest hundred jobs of a gym."""
    with installation.in_gym(installation.find_gym(slug)):
        rows = [
            {
                "id": str(job.id),
                "kind": job.kind,
                "state": job.state,
                "runAt": as_rfc3339(job.run_at),
                "attempts": job.attempts,
                "lastError": job.last_error,
            }
            for job in list_jobs(limit=100, state=state).items
        ]
    if as_json:
        click.echo(orjson.dumps(rows).decode())
        return
    for row in rows:
        click.echo(
            f"{row['id']}  {row['state']:<8} {row['kind']:<28} {row['lastError'] or ''}"
        )


@jobs.command("retry")
@click.option("--gym", "slug", required=True, help="The gym's slug.")
@click.argument("job", type=click.UUID)
@click.pass_obj
def retry_job(installation: Installation, slug: str, job: UUID) -> None:
    """Run a dead JOB again."""
    with installation.in_gym(installation.find_gym(slug)):
        retry(job)
    click.echo(f"{job} will run again.")
