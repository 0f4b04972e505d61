"""All SQL of passes: what people hold, the ledger, products, and tries of codes."""

from plugins.passes.repository.ledger import LedgerRepository, Movement
from plugins.passes.repository.misses import MissRepository
from plugins.passes.repository.passes import PassFilter, PassRepository, Use
from plugins.passes.repository.products import ProductRepository

__all__ = [
    "LedgerRepository",
    "MissRepository",
    "Movement",
    "PassFilter",
    "PassRepository",
    "ProductRepository",
    "Use",
]
