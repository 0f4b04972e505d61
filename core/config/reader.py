"""From the texts of the environment to checked values."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from environs import Env, EnvValidationError
from typing_extensions import override

from core.config.errors import Problems
from core.config.registry import VARIABLES
from core.config.variables import FILE_SUFFIX, PREFIX, Variable

_CLOSE_ENOUGH: Final = 0.75


class _TextEnv(Env):
    """Reads given texts where its base reads the environment of the process."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(eager=False)
        self._texts = texts

    @override
    def _get_value(self, env_key: str, default: Any) -> Any:
        return self._texts.get(env_key, default)


def given_names(environ: Mapping[str, str]) -> frozenset[str]:
    """Tell which variables are set, soundly or not, by themselves or by a file."""
    return frozenset(
        name
        for name, variable in VARIABLES.items()
        if environ.get(name, "").strip()
        or (variable.secret and environ.get(name + FILE_SUFFIX, "").strip())
    )


def collect_texts(environ: Mapping[str, str], problems: Problems) -> dict[str, str]:
    """Gather the text of each variable that is set, from itself or from its file.

    An empty text counts as not set, as container tools pass those for absent ones.

    Args:
        environ: The environment.
        problems: Takes unknown variables and unreadable files.
    """
    _refuse_unknown(environ, problems)
    texts = {}
    for variable in VARIABLES.values():
        text = environ.get(variable.name, "")
        path = environ.get(variable.name + FILE_SUFFIX, "") if variable.secret else ""
        if path and text:
            wrong = f"is given twice, also by {variable.name}{FILE_SUFFIX}"
            problems.add(variable.name, wrong, "unset one of the two")
        elif path:
            text = _read_file(variable, Path(path), problems)
        if text.strip():
            texts[variable.name] = text
    return texts


def read_values(texts: Mapping[str, str], problems: Problems) -> dict[str, Any]:
    """Read all variables; a faulty one counts as absent, so that checks can go on.

    Args:
        texts: What is set, by variable.
        problems: Takes what cannot be read.

    Returns:
        The value of every variable by name, None where nothing is set.
    """
    values = _parse(_defaults(), problems)
    values.update(_parse(texts, problems))
    return {name: values.get(name) for name in VARIABLES}


def _defaults() -> dict[str, str]:
    return {
        name: variable.default
        for name, variable in VARIABLES.items()
        if variable.default is not None
    }


def _parse(texts: Mapping[str, str], problems: Problems) -> dict[str, Any]:
    env = _TextEnv(texts)
    values = {name: VARIABLES[name].kind.read(env, name) for name in texts}
    faults = _faults(env)
    for name, message in faults.items():
        problems.add(name, _as_clause(message), VARIABLES[name].kind.remedy)
    return {
        name: VARIABLES[name].kind.convert(value)
        for name, value in values.items()
        if name not in faults
    }


def _faults(env: Env) -> dict[str, str]:
    try:
        env.seal()
    except EnvValidationError as error:
        # Declared as a list or a mapping; sealing always makes the mapping.
        messages = cast("Mapping[str, list[str]]", error.error_messages)
        return {name: lines[0] for name, lines in messages.items()}
    return {}


def _as_clause(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")


def _read_file(variable: Variable, path: Path, problems: Problems) -> str:
    wrong = "its file is empty"
    try:
        text = path.read_text("utf-8").strip()
    except OSError as error:
        text, wrong = "", f"its file cannot be read ({error.strerror})"
    except UnicodeDecodeError:
        text, wrong = "", "its file is not UTF-8 text"
    if not text:
        name = variable.name + FILE_SUFFIX
        problems.add(name, wrong, "set the path of a readable text file")
    return text


def _refuse_unknown(environ: Mapping[str, str], problems: Problems) -> None:
    known = set(VARIABLES)
    known.update(
        name + FILE_SUFFIX for name, variable in VARIABLES.items() if variable.secret
    )
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            problems.add(name, "is not a setting", _suggestion(name, known))


def _suggestion(name: str, known: set[str]) -> str:
    # Compared without the prefix, which would make every two names look alike.
    bare = {candidate.removeprefix(PREFIX): candidate for candidate in sorted(known)}
    for variable in VARIABLES.values():
        bare.update((alias, variable.name) for alias in variable.aliases)
    close = difflib.get_close_matches(
        name.removeprefix(PREFIX), bare, n=1, cutoff=_CLOSE_ENOUGH
    )
    return f"did you mean {bare[close[0]]}?" if close else "unset it"
