"""Mapped objects out of rows that were read without SQLAlchemy's loader.

They belong to the session like any it has loaded: a change is flushed and audited, and
a row that the session knows already stays the one object it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.base import instance_state


def entity_of(
    session: Session,
    mapper: Mapper[Any],
    names: Sequence[str],
    values: Sequence[Any],
    *,
    refresh: bool,
) -> Any:
    """The session's object for a row.

    Args:
        session: Whose it is.
        mapper: Of its class; rows are told apart by ``tenant_id`` and ``id``, or the
            key of a shared table.
        names: Attributes that were read, all columns of the key among them.
        values: Their values, in the same order.
        refresh: An object that the session knows takes these values.
    """
    # What is read beside the object's own columns comes after them.
    row = dict(zip(names, values, strict=False))
    key = tuple(
        row[mapper.get_property_by_column(part).key] for part in mapper.primary_key
    )
    identity = mapper.identity_key_from_primary_key(key)
    known = session.identity_map.get(identity)
    if known is not None:
        _renew(known, row, refresh=refresh)
        return known
    made = mapper.class_manager.new_instance()
    made.__dict__.update(row)
    # As SQLAlchemy's own loader does; ``add`` would walk all that hangs on the object.
    state = instance_state(made)
    state.key = identity
    state.session_id = session.hash_key
    session.identity_map._add_unpresent(state, identity)  # noqa: SLF001
    return made


def _renew(known: Any, row: Mapping[str, Any], *, refresh: bool) -> None:
    """Gives an object the values that it lacks, or with ``refresh`` all of them."""
    state = instance_state(known)
    expired, changed, has = (
        state.expired_attributes,
        state.committed_state,
        known.__dict__,
    )
    for name, value in row.items():
        if name in expired or name not in has:
            wanted = refresh or name in expired
        else:
            # What is the same already is left alone, which costs a tenth.
            wanted = refresh and (name in changed or has[name] != value)
        if wanted:
            set_committed_value(known, name, value)
