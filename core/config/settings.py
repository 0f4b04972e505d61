"""All settings of the platform as one typed value."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from core.config.checks import find_faults, find_warnings
from core.config.derive import fill_derived
from core.config.errors import Problems
from core.config.reader import collect_texts, given_names, read_values
from core.config.registry import SettingsGroups, build_groups

_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where the Prometheus client library keeps figures that processes share."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(SettingsGroups):
    """The settings of one process, checked and complete.

    Attributes:
        warnings: What works and yet deserves the operator's attention, one line
            each; whoever starts the process logs them.
    """

    warnings: tuple[str, ...]

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read, complete and check the settings.

        Args:
            environ: The variables to read; the environment of the process if None.

        Raises:
            SettingsError: With one line for each faulty variable.
        """
        problems = Problems()
        environ = os.environ if environ is None else environ
        values = read_values(collect_texts(environ, problems), problems)
        fill_derived(values)
        groups = build_groups(values)
        find_faults(groups, given_names(environ), problems)
        problems.raise_if_any()
        members = {name: getattr(groups, name) for name in groups.__dataclass_fields__}
        return cls(**members, warnings=find_warnings(groups))


def tell_metrics_folder(folder: Path) -> None:
    """Tells the Prometheus client library its folder, in the way it asks for.

    It looks the variable up when a figure is made, so it has to be there before.
    """
    os.environ[_METRICS_FOLDER] = str(folder)
