"""Packs and memberships that a gym offers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.sdk.base import Page, new_id, require_version, utc_now
from plugins.passes.models import Product
from plugins.passes.repository import ProductRepository

_products = ProductRepository()


def find(**query: Any) -> Page:
    """Returns a page of products; the keywords are ``ProductRepository.listed``'s."""
    return _products.listed(**query)


def get(*, product_id: UUID) -> Product:
    """Returns a product.

    Raises:
        ProductNotFound: There is no such product.
    """
    return _products.get(product_id)


def create(*, values: Mapping[str, Any]) -> Product:
    """Adds a product."""
    return _products.create_all([{"renews": False, **values, "id": new_id()}])[0]


def change(
    *, product_id: UUID, changes: Mapping[str, Any], expected_version: int | None
) -> Product:
    """Renames a product, describes it, archives it or brings it back.

    Its terms stay: other terms are another product.

    Raises:
        ProductNotFound: There is no such product.
        PreconditionFailed: The version is another one by now.
    """
    row = _products.get(product_id, lock=True)
    require_version(row.version, expected_version)
    for name in ("name", "description"):
        if name in changes:
            setattr(row, name, changes[name])
    if "archived" in changes:
        row.archived_at = row.archived_at or utc_now() if changes["archived"] else None
    _products.session.flush()
    return row
