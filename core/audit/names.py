"""What the audit log calls a kind of row.

A model may say it itself with ``__audit_name__``. Otherwise the name follows from the
table: a plugin's ``members_clients`` is ``members.client``, because the word before
the first underscore is the plugin's id, and core's ``client_grants`` is
``client_grant``. The last word is put in the singular.
"""

import re
from functools import cache

from core.db.base import TenantModel

_IN_CORE = ("core.", "tenants.")
_ES = re.compile(r"(ss|sh|ch|x|tus)es$")
_ALREADY_SINGULAR = re.compile(r"(ss|us|is)$")


@cache
def entity_name(model: type[TenantModel]) -> str:
    """The name of a model's rows in the audit log."""
    own = getattr(model, "__audit_name__", None)
    if own is not None:
        return str(own)
    table = str(model.__tablename__)
    if model.__module__.startswith(_IN_CORE):
        return singular(table)
    plugin, _, things = table.partition("_")
    return f"{plugin}.{singular(things)}" if things else singular(table)


def singular(words: str) -> str:
    """The singular of an English plural that ends in ``s``; others stay as they are."""
    if words.endswith("ies"):
        return f"{words[:-3]}y"
    if words.endswith("zzes"):
        return words[:-3]
    if _ES.search(words):
        return words[:-2]
    if words.endswith("s") and not _ALREADY_SINGULAR.search(words):
        return words[:-1]
    return words
