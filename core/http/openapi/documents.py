"""The documents of a process: built when first asked for, then kept."""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import orjson
from flask import Flask
from flask_smorest import Api

from core.http.blueprint import PLATFORM_API
from core.http.openapi.builder import Builder
from core.http.openapi.pruning import Document, narrowed

EXTENSION = "palestra-openapi"

_MAX_KEPT = 64
"""How many combinations of disabled plugins are kept; gyms mostly share a few."""


@dataclass(frozen=True, slots=True)
class Written:
    """A document as bytes, but for its servers.

    Attributes:
        tag: Changes with the document.
    """

    body: bytes
    tag: str

    def at(self, mount: str) -> bytes:
        """The document for a gym that is reached under ``mount`` (``/t/<slug>``)."""
        return b'{"servers":' + orjson.dumps([{"url": mount or "/"}]) + self.body


class Documents:
    """The document of the installation and, cut from it, those of its gyms."""

    def __init__(self, app: Flask, api: Api) -> None:
        self._app, self._api = app, api
        self._lock = threading.Lock()
        self._kept: dict[frozenset[str], Written] = {}

    @cached_property
    def full(self) -> Document:
        """Every route of the installation, the operator's included."""
        document = Builder(self._app, self._api).build()
        # Written and read back: what is left is JSON and nothing else.
        raw = orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS)
        return cast("Document", orjson.loads(raw))

    def without(self, off: frozenset[str]) -> Written:
        """The document of a gym in which the plugins ``off`` are off."""
        with self._lock:
            if off not in self._kept:
                if len(self._kept) >= _MAX_KEPT:
                    self._kept.clear()
                self._kept[off] = self._cut(off)
            return self._kept[off]

    def _cut(self, off: frozenset[str]) -> Written:
        def belongs(path: str, operation: Mapping[str, Any]) -> bool:
            return operation["x-plugin"] not in off and not path.startswith(
                PLATFORM_API
            )

        document = narrowed(self.full, belongs)
        del document["servers"]
        body = b"," + orjson.dumps(document)[1:]
        return Written(body, hashlib.sha256(body).hexdigest()[:32])


def install(app: Flask, api: Api) -> None:
    """Makes the documents of ``app`` available; all its routes are registered."""
    app.extensions[EXTENSION] = Documents(app, api)


def documents_of(app: Flask) -> Documents:
    """The documents of ``app``."""
    documents: Documents = app.extensions[EXTENSION]
    return documents


def full_document(app: Flask) -> Document:
    """The OpenAPI document of the whole installation."""
    return documents_of(app).full
