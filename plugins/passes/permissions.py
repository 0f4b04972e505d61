"""What a role may do with passes."""

from core.sdk.base import EVERYONE, STAFF, Permission

PASSES_READ = Permission(
    "passes.passes.read", "See passes within one's reach, and their ledgers", EVERYONE
)
PASSES_CREATE = Permission(
    "passes.passes.create", "Generate codes, and grant packs and memberships", STAFF
)
PASSES_REDEEM = Permission(
    "passes.passes.redeem",
    "Redeem a code, for oneself or for clients in reach",
    EVERYONE,
)
PASSES_MANAGE = Permission(
    "passes.passes.manage",
    "Revoke, adjust, pause and block passes, and see every code",
    STAFF,
)
PRODUCTS_READ = Permission(
    "passes.products.read", "See the packs and memberships of the gym", EVERYONE
)
PRODUCTS_MANAGE = Permission(
    "passes.products.manage", "Define and archive packs and memberships", STAFF
)

PERMISSIONS = (
    PASSES_READ,
    PASSES_CREATE,
    PASSES_REDEEM,
    PASSES_MANAGE,
    PRODUCTS_READ,
    PRODUCTS_MANAGE,
)
