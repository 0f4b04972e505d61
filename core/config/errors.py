"""How faulty settings are told."""

from typing_extensions import override


class SettingsError(Exception):
    """The environment does not make a usable configuration.

    Attributes:
        problems: One line per faulty variable: its name, what is wrong with it and
            what to set. Values never appear, as they may be secret.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems)
        self.problems = problems

    @override
    def __str__(self) -> str:
        return "\n".join(self.problems)


class Problems:
    """Collects what is wrong, one line per variable: the first fault found counts."""

    def __init__(self) -> None:
        self._lines: dict[str, str] = {}

    def add(self, name: str, wrong: str, remedy: str) -> None:
        """Note a fault of a variable unless one is already known.

        Args:
            name: The variable.
            wrong: What is wrong, as a clause.
            remedy: What to do, as an imperative clause.
        """
        self._lines.setdefault(name, f"{name}: {wrong}; {remedy}")

    def raise_if_any(self) -> None:
        """Raise what was collected.

        Raises:
            SettingsError: At least one variable is faulty.
        """
        if self._lines:
            raise SettingsError(list(self._lines.values()))
