"""The registry of variables and the documentation that is drawn from it."""

import re
from pathlib import Path

import pytest

from core.config import VARIABLES, Variable, render_reference

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"


def rows_of(text: str) -> dict[str, list[str]]:
    rows = re.findall(r"^\| `([A-Z0-9_]+)`(.*)\|$", text, re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in rows}


def test_the_documentation_lists_exactly_the_declared_variables() -> None:
    text = DOCS.read_text("utf-8")
    assert render_reference() in text
    rows = rows_of(text)
    assert list(rows) == list(VARIABLES)
    for name, (secret, meaning, _kind, default, aliases) in rows.items():
        variable = VARIABLES[name]
        assert secret == ("(secret)" if variable.secret else "")
        assert meaning == variable.summary
        assert default.strip("`") == variable.default_text
        assert re.findall(r"`([^`]+)`", aliases) == list(variable.aliases)


@pytest.mark.parametrize("variable", VARIABLES.values(), ids=list(VARIABLES))
def test_every_declaration_is_complete(variable: Variable) -> None:
    conventional = {"PORT", "DATABASE_URL", "REDIS_URL", "SMTP_URL"}
    assert variable.name in conventional or variable.name.startswith("PALESTRA_")
    assert variable.summary.endswith(".")
    assert variable.group
    secret_words = ("SECRET", "_KEY", "_TOKEN", "SMTP_URL", "DATABASE")
    more = ("REDIS_URL", "SMS_URL", "PASSPHRASE")
    named_so = any(word in variable.name for word in (*secret_words, *more))
    numeric = variable.name.endswith(("_MS", "_SIZE"))
    assert variable.secret == (named_so and not numeric)


@pytest.mark.parametrize(
    "name",
    [
        "PORT",
        "MONGO_URI",
        "JWT_SECRET",
        "JWT_EXPIRES_IN",
        "CALENDAR_*",
        "PAYMENT_*",
        "EMAIL_*",
        "SMS_*",
        "FILE_BUCKET_*",
        "NODE_ENV",
        "DATABASE_URL",
        "JWT_PRIVATE_KEY",
        "JWT_PUBLIC_KEY",
        "SMTP_URL",
        "REFRESH_TTL_DAYS",
        "ACCESS_TTL_MINUTES",
        "CORS_ORIGIN",
        "SESSION_COOKIE_DOMAIN",
        "MAIL_FROM",
        "UPLOADS_DIR",
        "OBJECT_STORAGE_URL",
        "DEFAULT_LANG",
        "I18N_SUPPORTED_LANGS",
        "AI_TRANSLATION_PROVIDER",
        "AI_TRANSLATION_KEY",
        "I18N_CACHE_TTL",
    ],
)
def test_names_that_other_stacks_use_lead_here(name: str) -> None:
    found = [v for v in VARIABLES.values() if name in {v.name, *v.aliases}]
    assert found
