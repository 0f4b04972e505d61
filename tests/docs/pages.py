"""The pages of the documentation, as tests read them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a page in one language, as they are written."""
    return [body for name, body in _FENCE.findall(text) if name == language]


def prose(text: str) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", text)


def between(text: str, name: str) -> str:
    """The part of a page that stands between its two marks of that name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    return text.partition(begin)[2].partition(end)[0]


def replaced(text: str, name: str, part: str) -> str:
    """A page with another part between its two marks of that name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    return f"{before}{begin}{part}{end}{rest.partition(end)[2]}"
