"""Taking secrets out of what others say: providers repeat what they were sent."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

HIDDEN: Final = "[hidden]"

_SHORTEST: Final = 4
"""Characters; replacing anything shorter would tear up common words."""
_PARTS = re.compile(r"[/:@?&=#\s]+")


def without_secrets(told: Any, secrets: Iterable[Any]) -> Any:
    """Replaces secrets, and the parts of secret addresses, wherever they occur.

    Args:
        told: Text, or JSON that holds texts.
        secrets: The secrets, as JSON values.
    """
    words = sorted({*_words(list(secrets))}, key=len, reverse=True)
    return _replaced(told, words)


def _replaced(told: Any, words: list[str]) -> Any:
    if isinstance(told, str):
        for word in words:
            told = told.replace(word, HIDDEN)
        return told
    if isinstance(told, Mapping):
        return {name: _replaced(value, words) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [_replaced(value, words) for value in told]
    return told


def _words(secret: Any) -> Iterable[str]:
    if isinstance(secret, Mapping):
        secret = [*secret.values()]
    if isinstance(secret, list | tuple):
        for one in secret:
            yield from _words(one)
    elif isinstance(secret, str):
        found = {secret, *_PARTS.split(secret)} if "://" in secret else {secret}
        for word in found:
            if len(word) >= _SHORTEST:
                yield from {word, unquote(word)}
