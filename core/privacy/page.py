"""The page in an archive that says what is in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Final
from uuid import UUID

from core.clock import as_rfc3339, utc_now
from core.context import Gym

_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Your data at {gym}</title>
<style>body{{font:16px/1.5 sans-serif;max-width:45rem;margin:2rem auto;padding:0 1rem}}
td{{padding:.1rem 1rem .1rem 0}}</style>
<h1>Your data at {gym}</h1>
<p>Everything that {gym} holds about the account {person}, as of {at}.</p>
<p>Each file with rows is JSON, readable with any text editor. A value that looks like
<code>01a0…-…</code> is an identifier, <code>null</code> means that nothing is known,
and moments are in UTC. Passwords and secret keys are left out, and so is what rows say
about other people. Where a row concerns several people, <code>as</code> says in which
role it concerns you. <code>core/audit_log.json</code> holds what was changed in your
data, when and by whom.</p>
{lists}
</html>
"""


@dataclass(frozen=True, slots=True)
class Listing:
    """A file of the archive.

    Attributes:
        title: Under which heading it is listed.
        rows: How many it holds; None for a document.
    """

    name: str
    title: str
    rows: int | None


def page(gym: Gym, person: UUID, listings: Sequence[Listing]) -> str:
    """Writes the page, by which everything else is found."""
    lists = "".join(
        f"<h2>{escape(title)}</h2><table>{''.join(map(_line, some))}</table>\n"
        for title, some in groupby(listings, key=lambda one: one.title)
    )
    return _PAGE.format(
        gym=escape(gym.name),
        person=person,
        at=as_rfc3339(utc_now()),
        lists=lists or "<p>Nothing is held.</p>",
    )


def _line(listing: Listing) -> str:
    name = escape(listing.name)
    rows = "document" if listing.rows is None else f"{listing.rows} rows"
    return f'<tr><td><a href="{name}">{name}</a></td><td>{rows}</td></tr>'
