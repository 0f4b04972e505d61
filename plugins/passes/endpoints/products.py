"""Routes of the packs and memberships that a gym offers."""

from typing import Any
from uuid import UUID

from core.sdk.base import Page, PreconditionFailed, Unprocessable
from core.sdk.http import Blueprint
from plugins.passes import errors, permissions, schemas
from plugins.passes.endpoints.examples import PRODUCT
from plugins.passes.models import Product
from plugins.passes.service import products

offers = Blueprint(
    "passes_products",
    prefix="/passes/products",
    tag="Passes",
    owner="passes",
)


@offers.get(
    summary="List packs and memberships",
    permission=permissions.PRODUCTS_READ,
    query=schemas.ProductsQuery,
    returns=schemas.ProductSchema,
    paged=True,
    example=[PRODUCT],
)
def list_products(query: dict[str, Any]) -> Page:
    """What the gym offers; archived ones are asked for."""
    return products.find(kind=query.pop("kind", None), **query)


@offers.post(
    summary="Define a pack or membership",
    permission=permissions.PRODUCTS_MANAGE,
    body=schemas.NewProductSchema,
    returns=schemas.ProductSchema,
    status=201,
    errors=(Unprocessable,),
    request_example={
        "name": "Ten sessions",
        "kind": "pack",
        "uses": 10,
        "validDays": 180,
        "validFrom": "first_use",
    },
    example=PRODUCT,
)
def create_product(body: dict[str, Any]) -> Product:
    return products.create(values=body)


@offers.get(
    "/<uuid:product_id>",
    summary="Read a pack or membership",
    permission=permissions.PRODUCTS_READ,
    returns=schemas.ProductSchema,
    versioned=True,
    errors=(errors.ProductNotFound,),
    example=PRODUCT,
)
def read_product(product_id: UUID) -> Product:
    return products.get(product_id=product_id)


@offers.patch(
    "/<uuid:product_id>",
    summary="Rename, describe or archive a pack or membership",
    permission=permissions.PRODUCTS_MANAGE,
    body=schemas.ProductChanges,
    returns=schemas.ProductSchema,
    versioned=True,
    errors=(errors.ProductNotFound, PreconditionFailed),
    request_example={"archived": True},
    example={
        **PRODUCT,
        "archivedAt": "2026-11-20T09:00:00Z",
        "version": 2,
    },
)
def change_product(
    product_id: UUID, body: dict[str, Any], if_match: int | None
) -> Product:
    """Its terms stay, and so does what people hold of it."""
    return products.change(
        product_id=product_id, changes=body, expected_version=if_match
    )
