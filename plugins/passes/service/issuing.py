"""Handing out passes: batches of codes, packs and memberships, and gifts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from core.sdk.base import hooks, new_id, utc_now
from core.sdk.jobs import emit
from plugins.passes.domain.calendar import day_begins, end_of_days, months_after
from plugins.passes.domain.codes import new_code, new_codes, shown
from plugins.passes.domain.kinds import Entry, Kind, ProductKind, ValidFrom
from plugins.passes.errors import ClientUnknown, ProductUnfit
from plugins.passes.hooks import GiftPass, PassGranted
from plugins.passes.models import Pass, Product
from plugins.passes.repository import (
    LedgerRepository,
    Movement,
    PassRepository,
    ProductRepository,
)
from plugins.passes.service import letters
from plugins.passes.service.holdings import present, require_known_client, zone

MAX_GIFT_USES: Final = 1000
MAX_GIFT_DAYS: Final = 3650
MAX_REASON: Final = 500

_passes = PassRepository()
_products = ProductRepository()
_ledger = LedgerRepository()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A wish for codes.

    Attributes:
        expires_in_days: Days after today on which they can be redeemed.
        uses: Of each code; None for the product's, or one.
        kind: A ``Kind``; None for the product's, or ``free``.
        client_id: Who holds them all; None for whoever redeems one.
        product_id: The pack whose terms they have.
    """

    count: int
    expires_in_days: int
    uses: int | None = None
    kind: str | None = None
    client_id: UUID | None = None
    product_id: UUID | None = None


def generate(wanted: Batch) -> dict[str, Any]:
    """Makes passes with codes that nobody can guess, all of them or none.

    Raises:
        ClientUnknown: There is no such client.
        Forbidden: The client is out of the actor's reach.
        ProductNotFound: There is no such product.
        ProductUnfit: It is archived, or no pack.
    """
    if wanted.client_id is not None:
        require_known_client(wanted.client_id)
    same = _terms_of_batch(wanted)
    codes, batch_id = new_codes(wanted.count), new_id()
    ids = _passes.create_batch(batch_id, codes, same)
    _ledger.grant_batch(batch_id, ids, same["remaining"])
    if wanted.client_id is not None:
        for pass_id in ids:
            _tell(pass_id, wanted.client_id, same)
        letters.tell_granted(wanted.client_id, same, codes, title=None)
    return {**same, "batch_id": batch_id, "codes": [shown(code) for code in codes]}


def grant(
    *, client_id: UUID, product_id: UUID, starts_on: date | None = None
) -> dict[str, Any]:
    """Gives a client a pack or a membership, and writes to them.

    Args:
        client_id: Who.
        product_id: What.
        starts_on: Its first day, in the gym's zone; None for today.

    Raises:
        ClientUnknown: There is no such client.
        Forbidden: The client is out of the actor's reach.
        ProductNotFound: There is no such product.
        ProductUnfit: It is archived.
    """
    require_known_client(client_id)
    product = _product(product_id)
    first = starts_on or utc_now().astimezone(zone()).date()
    [row] = hold([(client_id, terms_of(product, first))])
    _tell(row.id, client_id, _figures(row))
    letters.tell_granted(client_id, _figures(row), [row.code], title=product.name)
    return present(row)


def gift(*, client_id: UUID, uses: int, expires_in_days: int, reason: str) -> GiftPass:
    """Gives a client a pass, for another plugin; see ``grant_gift_pass``.

    Raises:
        ClientUnknown: There is no such client.
        ValueError: A number or the reason is out of bounds.
    """
    if not 1 <= uses <= MAX_GIFT_USES or not 1 <= expires_in_days <= MAX_GIFT_DAYS:
        raise ValueError("A gift has 1 to 1000 uses and lasts 1 to 3650 days.")
    if not reason.strip() or len(reason) > MAX_REASON:
        raise ValueError("A gift has a reason of up to 500 characters.")
    if not hooks().client_exists(client_id=client_id):
        raise ClientUnknown
    terms = _base(Kind.GIFT, uses, _ends_after(expires_in_days))
    [row] = hold([(client_id, terms)], reason=reason)
    _tell(row.id, client_id, terms)
    return GiftPass(pass_id=row.id, code=shown(row.code))


def terms_of(product: Product, first: date) -> dict[str, Any]:
    """What somebody holds who is granted a product from a date on."""
    here = zone()
    starts_at = day_begins(first, here)
    if product.kind == ProductKind.PACK:
        waits = product.valid_from == ValidFrom.FIRST_USE
        days = product.valid_days or 0
        return {
            **_base(Kind.PACK, product.uses, None),
            "product_id": product.id,
            "starts_at": starts_at,
            "expires_at": None if waits else end_of_days(days, first, here),
            "valid_days": days if waits else None,
        }
    months = product.period_months or 1
    return {
        **_base(Kind.MEMBERSHIP, None, day_begins(months_after(first, months), here)),
        "product_id": product.id,
        "starts_at": starts_at,
        "allowance": product.allowance,
        "allowance_per": product.allowance_per,
        "period_months": months,
        "renews": product.renews,
    }


def hold(
    terms: Sequence[tuple[UUID, Mapping[str, Any]]], *, reason: str | None = None
) -> list[Pass]:
    """Writes what clients hold from now on, each with a code and a first entry."""
    rows = _passes.create(
        [
            {**one, "id": new_id(), "client_id": client_id, "code": new_code()}
            for client_id, one in terms
        ]
    )
    for row in rows:
        _ledger.add_entry(
            row.id,
            Movement(
                kind=Entry.GRANT,
                uses=row.remaining or 0,
                balance=row.remaining,
                reason=reason,
            ),
        )
    return rows


def _terms_of_batch(wanted: Batch) -> dict[str, Any]:
    ends_at = _ends_after(wanted.expires_in_days)
    if wanted.product_id is None:
        kind, uses, days = Kind(wanted.kind or Kind.FREE), wanted.uses or 1, None
    else:
        product = _product(wanted.product_id)
        if product.kind != ProductKind.PACK:
            raise ProductUnfit("Codes are made of packs; grant memberships.")
        # Nobody has it yet: its days begin with whoever redeems it.
        kind, uses, days = Kind.PACK, product.uses or 1, product.valid_days
    return {
        **_base(kind, uses, ends_at),
        "product_id": wanted.product_id,
        "client_id": wanted.client_id,
        "valid_days": days,
    }


def _base(kind: Kind, uses: int | None, ends_at: datetime | None) -> dict[str, Any]:
    now = utc_now()
    return {
        "kind": kind.value,
        "remaining": uses,
        "starts_at": now,
        "expires_at": ends_at,
        "renews": False,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }


def _ends_after(days: int) -> datetime:
    here = zone()
    return end_of_days(days + 1, utc_now().astimezone(here).date(), here)


def _product(product_id: UUID) -> Product:
    product = _products.get(product_id)
    if product.archived_at is not None:
        raise ProductUnfit("This product is archived.")
    return product


def _figures(row: Pass) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "remaining": row.remaining,
        "expires_at": None if row.renews else row.expires_at,
    }


def _tell(pass_id: UUID, client_id: UUID, terms: Mapping[str, Any]) -> None:
    emit(
        PassGranted(
            pass_id=pass_id,
            client_id=client_id,
            kind=terms["kind"],
            uses=terms["remaining"],
            expires_at=terms["expires_at"],
        )
    )
