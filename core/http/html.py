"""Rich text from callers: HTML that is cleaned before anything else sees it."""

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
import nh3
from marshmallow import validate
from typing_extensions import override

from core.http.schema import MAX_TEXT

MAX_HTML: Final = 100_000
"""Characters of the longest HTML field; parsing deeper nests takes seconds."""

_TEXT_TAGS: Final = {"a", "br", "code", "em", "strong"}
_BLOCK_TAGS: Final = {"blockquote", "h2", "h3", "h4", "li", "ol", "p", "pre", "ul"}

TAGS: Final = frozenset(_TEXT_TAGS | _BLOCK_TAGS)
"""What survives; any other tag goes and its text stays."""

LINK_SCHEMES: Final = frozenset({"http", "https", "mailto"})

_CLEANER: Final = nh3.Cleaner(
    tags=set(TAGS),
    attributes={"a": {"href"}},
    url_schemes=set(LINK_SCHEMES),
    # A relative link means another page wherever the text is shown.
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


def clean_html(text: str) -> str:
    """Leaves only harmless markup: ``TAGS``, and links by ``LINK_SCHEMES``.

    Scripts and style sheets go with their content. Cleaning what is clean changes
    nothing.
    """
    return _CLEANER.clean(text)


class Html(ma.fields.String):
    """HTML of bounded length, cleaned on the way in.

    Args:
        minimum: Characters that must be left after cleaning.
        maximum: Characters that may come in, and may be left after cleaning, which
            can lengthen the text (``&`` becomes ``&amp;``).
    """

    def __init__(
        self, *, minimum: int = 0, maximum: int = MAX_TEXT, **kwargs: Any
    ) -> None:
        if maximum > MAX_HTML:
            raise ValueError(f"An HTML field holds {MAX_HTML} characters at most.")
        left = validate.Length(min=minimum or None, max=maximum)
        self._raw_length = validate.Length(max=maximum)
        described = {
            "format": "html",
            "description": f"HTML, cleaned to these tags: {', '.join(sorted(TAGS))}.",
            **kwargs.pop("metadata", {}),
        }
        checks = kwargs.pop("validate", None) or []
        more = list(checks) if isinstance(checks, list | tuple) else [checks]
        super().__init__(validate=[left, *more], metadata=described, **kwargs)

    @override
    def _deserialize(
        self,
        value: Any,
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        self._raw_length(text)
        return clean_html(text)
