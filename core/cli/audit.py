"""``palestra audit``: the chain over the audit log."""

from typing import Any
from uuid import UUID

import click
import orjson

from core.app import Installation
from core.audit.sealing import seal_due
from core.audit.verification import Verdict, verify
from core.clock import as_rfc3339


@click.group()
def audit() -> None:
    """The chain over the audit log."""


@audit.command("verify")
@click.option("--gym", "slug", help="Slug of one gym; all when left out.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def verify_chain(ctx: click.Context, slug: str | None, *, as_json: bool) -> None:
    """Recompute the chain and name what was changed; exit 1 when something was.

    Run it where the sealer runs: the anchors lie there.
    """
    installation: Installation = ctx.obj
    verdicts = {}
    for name, tenant_id in _gyms(installation, slug).items():
        with installation.units().open(tenant_id) as session:
            verdicts[name] = verify(session, installation.anchors)
    if as_json:
        told = {name: _described(verdict) for name, verdict in verdicts.items()}
        click.echo(orjson.dumps(told).decode())
    else:
        for name, verdict in verdicts.items():
            _say(name, verdict)
    if any(verdict.findings for verdict in verdicts.values()):
        ctx.exit(1)


@audit.command()
@click.option("--gym", "slug", help="Slug of one gym; all when left out.")
@click.pass_obj
def seal(installation: Installation, slug: str | None) -> None:
    """Seal now what is due, as the worker does all the time."""
    gyms = _gyms(installation, slug).values()
    sealed = seal_due(installation.units(), gyms, installation.anchors)
    click.echo(f"{sealed} entries sealed.")


def _gyms(installation: Installation, slug: str | None) -> dict[str, UUID]:
    if slug is not None:
        return {slug: installation.find_gym(slug)}
    with installation.units("operator").open(None) as session:
        slugs = installation.directory.slugs(session)
    return {name: installation.find_gym(name) for name in slugs}


def _described(verdict: Verdict) -> dict[str, Any]:
    oldest = verdict.oldest_pending
    return {
        "seals": verdict.seals,
        "entries": verdict.entries,
        "pending": verdict.pending,
        "oldestPending": None if oldest is None else as_rfc3339(oldest),
        "unanchored": verdict.unanchored,
        "head": (
            None
            if verdict.head is None
            else {"seq": verdict.head[0], "hash": verdict.head[1]}
        ),
        "findings": [
            {
                "fault": finding.fault.value,
                "seal": finding.seq,
                "entryId": None if finding.entry_id is None else str(finding.entry_id),
                "detail": finding.detail,
            }
            for finding in verdict.findings
        ],
    }


def _say(name: str, verdict: Verdict) -> None:
    click.echo(
        f"{name}: {verdict.entries} entries in {verdict.seals} seals,"
        f" {verdict.pending} not sealed yet, {len(verdict.findings)} findings"
    )
    for finding in verdict.findings:
        click.echo(f"  {finding.fault:<15} {finding.detail}")
