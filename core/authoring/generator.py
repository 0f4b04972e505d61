"""Writes the distribution of a new plugin, with everything a plugin may have."""

import re
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from core.authoring.errors import AuthoringFailed
from core.clock import utc_now
from core.plugin.manifest import Manifest, ManifestError

SKELETON = Path(__file__).with_name("skeleton")
"""A plugin called sample; the name of each file ends in ``.tmpl``."""

_SUFFIX = ".tmpl"


def generate(plugin_id: str, folder: Path, installed: Iterable[str]) -> Path:
    """Writes the distribution ``palestra-<id>`` into ``folder``, all of it or nothing.

    Args:
        plugin_id: Of the plugin to be.
        folder: Where distributions lie; made when it is not there.
        installed: Ids of the installed plugins.

    Returns:
        The folder of the distribution.

    Raises:
        AuthoringFailed: The id cannot be used, or there is such a folder already.
    """
    require_usable(plugin_id, installed)
    target = folder / f"palestra-{plugin_id}"
    if target.exists():
        raise AuthoringFailed(f"{target} exists already: move it, or take another id.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".palestra-") as draft:
            made = Path(draft) / target.name
            _render(made, _words(plugin_id))
            made.rename(target)
    except OSError as error:
        raise AuthoringFailed(f"Cannot write {target}: {error.strerror}.") from error
    return target


def require_usable(plugin_id: str, installed: Iterable[str]) -> None:
    """Refuses an id that no plugin could have beside those that are installed.

    Raises:
        AuthoringFailed: Saying why.
    """
    try:
        Manifest(id=plugin_id, title="", summary="", version="0")
    except ManifestError as error:
        raise AuthoringFailed(str(error)) from error
    for other in installed:
        if other == plugin_id:
            raise AuthoringFailed(f"{plugin_id}: a plugin of this id is installed.")
        if other.startswith(plugin_id) or plugin_id.startswith(other):
            raise AuthoringFailed(
                f"{plugin_id}: one of {plugin_id} and {other}, which is installed, is "
                "the beginning of the other; their tables could not be told apart."
            )


def _words(plugin_id: str) -> Mapping[str, str]:
    """What stands in the skeleton → what is written."""
    return {
        "PALESTRA_VERSION": version("palestra"),
        "REVISION": secrets.token_hex(6),
        "YYYYMMDDHHMM": utc_now().strftime("%Y%m%d%H%M"),
        "SAMPLE": plugin_id.upper(),
        "Sample": plugin_id.capitalize(),
        "sample": plugin_id,
    }


def _render(target: Path, words: Mapping[str, str]) -> None:
    found = re.compile("|".join(words))

    def filled(text: str) -> str:
        return found.sub(lambda match: words[match.group()], text)

    for source in sorted(SKELETON.rglob(f"*{_SUFFIX}")):
        name = filled(str(source.relative_to(SKELETON)).removesuffix(_SUFFIX))
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(filled(source.read_text("utf-8")), "utf-8")
