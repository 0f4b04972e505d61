"""What the log recognises as personal data or a secret, and what it leaves alone."""

import time

import pytest

from core.logging import MASK, redact_text
from core.logging.redaction import MAX_SCANNED, MAX_TEXT, is_sensitive_key

EMAIL = "anna.schmidt+gym@mail.example.co.uk"
PHONE = "+49 171 123-4567"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "key",
    [
        "email",
        "emailKey",
        "user_email",
        "password",
        "newPassword",
        "PASSWORD",
        "tokens",
        "accessToken",
        "Authorization",
        "cookie",
        "Set-Cookie",
        "X-CSRF-Token",
        "phone",
        "name",
        "fullName",
        "last_name",
        "body",
        "requestBody",
        "apiKey",
        "iban",
        "dateOfBirth",
        "birthDate",
        "clientSecret",
        "remote_addr",
        "emergencyContactPhone",
        "params",
    ],
)
def test_keys_that_are_masked(key: str) -> None:
    assert is_sensitive_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "id",
        "traceId",
        "hostname",
        "filename",
        "pluginName",
        "table_name",
        "status",
        "count",
        "bodyBytes",
        "duration_ms",
        "method",
        "route",
        "jobId",
        "code",
    ],
)
def test_keys_that_stay(key: str) -> None:
    assert not is_sensitive_key(key)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"to {EMAIL}, now", f"to {MASK}, now"),
        ("to jürgen@müller.example", f"to {MASK}"),
        (f"Bearer {JWT}", f"Bearer {MASK}"),
        (f"got {JWT}.", f"got {MASK}"),
        (f"call {PHONE} today", f"call {MASK} today"),
        ("call 0171 1234567", f"call {MASK}"),
        ("call (212) 555-0100", f"call {MASK}"),
        ("+4915112345678", MASK),
        ("GET /verify?token=abc&page=2", f"GET /verify?token={MASK}&page=2"),
        ("db_password_2=abc kept", f"db_password_2={MASK} kept"),
        ('{"newPassword": "x"}', f'{{"newPassword": {MASK}}}'),
        ("password='a b' kept", f"password={MASK} kept"),
        ('{"password": "a\\"b", "n": 1}', f'{{"password": {MASK}, "n": 1}}'),
        ("{'name': 'Anna', 'n': 1}", f"{{'name': {MASK}, 'n': 1}}"),
        ("postgresql://app:pw@db/x", f"postgresql://{MASK}@db/x"),
        ("redis://:p@ss@db/0", f"redis://{MASK}@db/0"),
        ("Cookie: a=b; c=d", f"Cookie: {MASK}"),
        (
            "[SQL: INSERT]\n[parameters: {'n': 'Anna', 'l': [1]}]\n(Background)",
            f"[SQL: INSERT]\n[parameters: {MASK}]\n(Background)",
        ),
        (
            "DETAIL:  Key (tenant_id, code)=(1, Anna (x)) already exists.",
            f"DETAIL:  Key (tenant_id, code)=({MASK}) already exists.",
        ),
        (
            "Failing row contains (1, Anna, null).",
            f"Failing row contains ({MASK}).",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----", MASK),
        # However letters are written: the sign of kelvin is a k, the old long s an s.
        ("BEARER abcdef-1", f"BEARER {MASK}"),
        ("EYJhbGciOiJSUzI1", MASK),
        ("to\u212aen=abc", f"to\u212aen={MASK}"),
        ("pa\u017f\u017fword=abc", f"pa\u017f\u017fword={MASK}"),
        ("COO\u212aIE : a", f"COO\u212aIE : {MASK}"),
        ("FAILING ROW CONTAIN\u017f (1, Anna)", f"FAILING ROW CONTAIN\u017f ({MASK})"),
        ("call 0171/123.45.67 now", f"call {MASK} now"),
        ("call 0171-1-2", "call 0171-1-2"),
    ],
)
def test_personal_data_inside_texts(text: str, clean: str) -> None:
    assert redact_text(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T04:40:32.123456Z",
        "2026-11-21 took 0.123456789 s",
        "0193a1b2-1111-7222-8333-444455556666",
        "01932145-1234-7123-8123-012345678901",
        "1048576 of 26214400 bytes in 15 ms",
        "GET /api/v1/members/clients?page=1&limit=20 200",
        "postgresql://db.example.com/palestra",
        "Running upgrade 202611210440 -> 202611210441",
    ],
)
def test_harmless_texts_stay_as_they_are(text: str) -> None:
    assert redact_text(text) == text


def test_cutting_never_leaves_half_an_address() -> None:
    for padding in range(MAX_SCANNED - 36, MAX_SCANNED + 4):
        text = "x " * (padding // 2) + EMAIL
        assert "anna" not in redact_text(text, limit=100_000)
    text = "y" * (MAX_TEXT - 5) + " " + EMAIL
    assert "anna" not in redact_text(text)


@pytest.mark.parametrize(
    "piece",
    ["a.", "token", "key (", "'a", "0 ", "eyJ", "a://", "[parameters: ", "x@a."],
)
def test_no_text_makes_the_search_slow(piece: str) -> None:
    text = "x@" + piece * (MAX_SCANNED // len(piece))
    before = time.process_time()
    redact_text(text)
    # Milliseconds in practice; a search that backtracks takes many seconds.
    assert time.process_time() - before < 2
