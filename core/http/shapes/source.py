"""The text of a function under construction, and the objects it speaks of."""

from collections.abc import Callable, Iterable
from typing import Any


class Source:
    """Gathers what the functions of one shape need, and makes them.

    Args:
        title: What stands for the file's name in a traceback.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._known: dict[str, Any] = {}
        self._names: dict[int, str] = {}
        self._used = 0

    def fresh(self, hint: str) -> str:
        """A name that nothing else bears."""
        self._used += 1
        return f"{hint}_{self._used}"

    def bind(self, hint: str, value: Any) -> str:
        """Makes an object known to the functions; returns its name there."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = self.fresh(hint)
            self._known[name] = value
        return name

    def function(self, head: str, body: Iterable[str]) -> Callable[..., Any]:
        """Makes a function.

        Args:
            head: Its name and arguments, such as ``load(data)``.
            body: Its lines.
        """
        text = "\n".join([f"def {head}:", *(f"    {line}" for line in body)])
        known = self._known
        # The text holds names of fields as literals, and nothing that a caller sends.
        exec(compile(text, f"<{self._title}>", "exec"), known)  # noqa: S102
        made: Callable[..., Any] = known[head.partition("(")[0]]
        return made


def overrides(owner: object, base: type, *names: str) -> bool:
    """Whether an object's class has other methods than ``base`` under these names."""
    own = type(owner)
    return any(getattr(own, name) is not getattr(base, name) for name in names)
