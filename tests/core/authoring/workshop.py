"""Plugins that are written for a test, and installed for a command."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from core.authoring.generator import generate


class Draft:
    """A generated plugin, to be spoilt.

    Attributes:
        id: Of the plugin.
        folder: Of its distribution.
        package: Of its code.
    """

    def __init__(self, plugin_id: str, folder: Path) -> None:
        self.id = plugin_id
        self.folder = generate(plugin_id, folder, ())
        self.package = self.folder / f"palestra_{plugin_id}"
        info = self.folder / f"palestra_{plugin_id}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: palestra-{plugin_id}\nVersion: 0.1.0\n"
            "Requires-Dist: palestra\n"
        )
        (info / "entry_points.txt").write_text(
            f"[palestra.plugins]\n{plugin_id} = palestra_{plugin_id}.plugin:plugin\n"
        )

    def edit(self, name: str, old: str, new: str) -> None:
        """Exchanges a piece of one file; ``ID`` stands for the plugin's id."""
        path = self.package / name
        text, old = path.read_text(), old.replace("ID", self.id)
        assert old in text, f"{name} does not hold {old!r}"
        path.write_text(text.replace(old, new.replace("ID", self.id)))

    @property
    def revision(self) -> Path:
        (found,) = (self.package / "migrations").glob("*.py")
        return found


def run(
    *arguments: str, home: Path, drafts: Iterable[Draft] = (), cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs ``palestra`` where the drafts are installed."""
    path = ":".join(str(draft.folder) for draft in drafts)
    return subprocess.run(
        [
            "env",
            f"PALESTRA_HOME={home}",
            f"PYTHONPATH={path}",
            "PYTHONDONTWRITEBYTECODE=1",
            sys.executable,
            "-m",
            "core.cli",
            *arguments,
        ],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
