"""For ``plugin.py``: the manifest and the hook markers."""

from core.plugin.manifest import Manifest
from core.plugin.spec import hookimpl, hookspec

__all__ = ["Manifest", "hookimpl", "hookspec"]
