"""What a table says about the people in it: whose rows, and what becomes of them.

A model that names a person, by a key to a user or by a column such as ``client_id`` or
``created_by``, or that has a ``PERSONAL`` column, declares it. Export, erasure and the
nightly deletion read the declarations; nobody writes code for them::

    class Towel(Timestamps, TenantModel):
        __tablename__ = "towels_loans"
        __client_column__ = "client_id"
        __privacy__ = (
            Personal("client_id", on_erase=DELETE),
            Personal("lent_by", on_erase=ANONYMISE, columns=()),
        )
        __retention__ = Retention(since="returned_at", days=365)

Each person of a row has a rule of their own. Which one to choose:

``DELETE``
    The row is of use to that person alone: contacts, log-ins, inbox, body data. When in
    doubt, this one.
``ANONYMISE``
    The gym needs the row without the person: a session that a coach is paid for, a row
    of somebody else that merely mentions them. The person's ``PERSONAL`` columns are
    blanked, and the column that names them becomes NULL where it may be. Where it may
    not, it goes on naming their account, of which an empty shell is left, so that keys
    and constraints hold.
``keep("…")``
    A law or the proof of something asks for the row as it is, such as an invoice. The
    reason is shown in the report of the erasure, so it names the law or the purpose.

``NotPersonal("…")`` is for a table whose column only looks as if it named a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Fate(StrEnum):
    """What becomes of a row when the person is erased."""

    DELETED = "deleted"
    ANONYMISED = "anonymised"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Erasure:
    """A fate, and for a row that is kept why."""

    fate: Fate
    reason: str | None = None


DELETE: Final = Erasure(Fate.DELETED)
"""``on_erase=``: the row goes with the person."""

ANONYMISE: Final = Erasure(Fate.ANONYMISED)
"""``on_erase=``: the row stays and tells nothing about the person any more."""


def keep(reason: str) -> Erasure:
    """``on_erase=``: the row stays as it is, because of ``reason``."""
    if not reason.strip():
        raise ValueError("What is kept about an erased person needs a reason.")
    return Erasure(Fate.KEPT, reason)


@dataclass(frozen=True, slots=True)
class Personal:
    """One person whom each row of a table concerns.

    Attributes:
        person: The column that holds the id of the person's account. Where only the row
            that this one belongs to names them, the way there along foreign keys:
            ``invoice_id.client_id``.
        on_erase: ``DELETE``, ``ANONYMISE`` or ``keep(reason)``.
        export: Whether the row is part of the person's export. Columns that are
            ``HIDDEN``, or ``PERSONAL`` to somebody else, are left out of it.
        columns: Which ``PERSONAL`` columns tell something about this person; None for
            all of them, ``()`` for none.
        blanks: For ``ANONYMISE``: what columns are set to, beyond or instead of the
            empty value. In text, ``{id}`` stands for the person's id.
    """

    person: str
    on_erase: Erasure
    export: bool = True
    columns: tuple[str, ...] | None = None
    blanks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotPersonal:
    """Says that no row of a table concerns a person, although a column looks so.

    Attributes:
        reason: Why not, for whoever reads the model.
    """

    reason: str


Privacy = Personal | tuple[Personal, ...] | NotPersonal | None
"""What ``__privacy__`` of a model may be."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the rows of a table are kept; a job of every night deletes the rest.

    Attributes:
        since: The column from which the time counts. Of several, the earliest that is
            filled counts. A row in which all are NULL stays.
        days: How many days a row is kept from then on.
        monthly_by: Instead of all, keep of each month, in the gym's zone, the last row
            for each value of this column.
    """

    since: str | tuple[str, ...]
    days: int
    monthly_by: str | None = None
