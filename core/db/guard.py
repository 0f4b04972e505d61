"""The predicate that keeps a SELECT inside its gym."""

from typing import Any, Final

from sqlalchemy import Select, bindparam
from sqlalchemy.orm import with_loader_criteria

from core.db.base import TenantModel

TENANT_BIND: Final = "palestra_tenant_id"
"""Name of the parameter that holds the gym's id."""

_ONLY_THIS_GYM = with_loader_criteria(
    TenantModel,
    # The name stands here in full: a variable would be tracked as a bound value.
    lambda model: model.tenant_id == bindparam("palestra_tenant_id"),
    include_aliases=True,
    track_closure_variables=False,
)


class TenancyError(RuntimeError):
    """Code tried to cross the wall between gyms; always a defect, never input."""


def in_this_gym(statement: Any) -> Select[*tuple[Any, ...]]:
    """Adds ``tenant_id =`` for each tenant table that the statement reads."""
    guarded: Select[*tuple[Any, ...]] = statement.options(_ONLY_THIS_GYM)
    return guarded
