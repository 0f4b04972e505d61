"""Who somebody is: accounts, passwords, log-in sessions, keys and tokens.

``blueprints`` are the routes. They are loaded when they are first asked for, so that
``core.auth.models`` can be imported where no web framework belongs.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.auth.endpoints import blueprints

__all__ = ["blueprints"]


def __getattr__(name: str) -> object:
    if name != "blueprints":
        raise AttributeError(f"core.auth has no {name}")
    return import_module("core.auth.endpoints").blueprints
