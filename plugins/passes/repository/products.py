"""All SQL on products."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from core.sdk.base import Page, SortKey
from core.sdk.data import Listing, Repository, Statement, given, insert_new
from plugins.passes.errors import ProductNotFound
from plugins.passes.models import Product

_PRODUCTS = Listing(
    select(Product),
    {
        "archived": Product.archived_at.is_not(None),
        "active": Product.archived_at.is_(None),
        "kind": Product.kind == given("kind"),
    },
)

_COUNT = Statement(select(func.count()).select_from(Product))


class ProductRepository(Repository[Product]):
    """The packs and memberships of a gym."""

    model = Product
    missing = ProductNotFound
    sorts = {"name": Product.name, "created_at": Product.created_at}

    def listed(
        self,
        *,
        kind: str | None,
        archived: bool,
        page: int,
        limit: int,
        sort: Sequence[SortKey],
    ) -> Page:
        """Returns a page of products, those that are archived or those that are not."""
        state = "archived" if archived else "active"
        wanted = {state: True, "kind": kind}
        return self.page(_PRODUCTS, wanted, page=page, limit=limit, sort=sort)

    def count(self) -> int:
        """Counts all products, archived ones included."""
        return self.session.read_value(_COUNT) or 0

    def create_all(self, products: Sequence[dict[str, Any]]) -> list[Product]:
        """Writes products, in the order given."""
        made = {row.id: row for row in insert_new(self.session, Product, products)}
        return [made[one["id"]] for one in products]
