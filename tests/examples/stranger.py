"""A fresh environment in which Palestra is installed as a stranger would install it.

Nothing is downloaded. Palestra and the plugins are built from their folders, as
wheels, into an environment of their own. The libraries that they depend on are those of
the environment that runs the tests: a line in a ``.pth`` file puts that environment's
folder behind the new one's own. Its own editable Palestra is shadowed by the installed
one, and the checkout is on nobody's path.
"""

import shutil
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "palestra-lockers"

_SOURCES = ("core", "tenants", "plugins", "migrations")
_FILES = ("pyproject.toml", "wsgi.py", "README.md", "LICENSE")
_TOOLS = ("pip", "pytest", "ruff", "mypy")
"""Commands that those libraries bring, for the new environment's Python."""
_OF_THIS_RUN = (
    "PYTEST_XDIST_WORKER",
    "PYTEST_XDIST_WORKER_COUNT",
    "PYTEST_XDIST_TESTRUNUID",
    "PYTEST_CURRENT_TEST",
    "TEST_DATABASE_URL",
)
"""What a run of pytest inside this one must not take for its own."""

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info", ".*_cache")


@dataclass(frozen=True, slots=True)
class Stranger:
    """The environment.

    Attributes:
        folder: Where it lies, and all that its commands write.
    """

    folder: Path

    @classmethod
    def settle(cls, folder: Path) -> "Stranger":
        """Makes the environment and installs Palestra."""
        stranger = cls(folder)
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        packages = sysconfig.get_path("purelib", vars={"base": str(folder / "venv")})
        libraries = sysconfig.get_path("purelib")
        Path(packages, "libraries.pth").write_text(f"{libraries}\n")
        for tool in _TOOLS:
            script = folder / "venv" / "bin" / tool
            script.write_text(
                f'#!/bin/sh\nexec {folder}/venv/bin/python -m {tool} "$@"\n'
            )
            script.chmod(0o755)
        stranger.install(_copied(folder / "palestra"))
        return stranger

    def install(self, project: Path) -> None:
        """Builds a project and installs it."""
        self.succeed("pip", "install", str(project))

    def run(
        self, *command: str, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command of the environment, with settings that forbid a download."""
        path = f"{self.folder}/venv/bin:/usr/local/bin:/usr/bin:/bin"
        own = ("DATABASE_URL", "REDIS_URL", "PALESTRA_ENV", "PYTHONPATH", *_OF_THIS_RUN)
        return subprocess.run(
            [
                "env",
                *(part for name in own for part in ("-u", name)),
                f"PATH={path}",
                f"PALESTRA_HOME={self.folder / 'home'}",
                "PALESTRA_LOG_LEVEL=warning",
                "PIP_NO_INDEX=1",
                "PIP_NO_BUILD_ISOLATION=0",  # pip's way to say: no isolation
                "PIP_DISABLE_PIP_VERSION_CHECK=1",
                "PIP_ROOT_USER_ACTION=ignore",
                *command,
            ],
            cwd=cwd or self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def succeed(self, *command: str, cwd: Path | None = None) -> str:
        """Runs a command that must succeed; returns what it printed."""
        ran = self.run(*command, cwd=cwd)
        assert ran.returncode == 0, f"{command}:\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout


def _copied(target: Path) -> Path:
    """Palestra's sources, as a checkout of them would be."""
    for name in _SOURCES:
        shutil.copytree(ROOT / name, target / name, ignore=_LEFT_OUT)
    for name in _FILES:
        shutil.copy(ROOT / name, target / name)
    return target


def example(folder: Path) -> Path:
    """The example's project, as its author would hand it on."""
    return Path(shutil.copytree(EXAMPLE, folder / EXAMPLE.name, ignore=_LEFT_OUT))
