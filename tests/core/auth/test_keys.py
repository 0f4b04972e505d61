"""Signing keys: made once, rotated without a gap, never open to others."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from core.auth.jwk import public_jwk, thumbprint
from core.auth.keys import KEY_BITS, PUBLISHED_FIRST, KeyRing, KeyRingError
from core.clock import frozen_at

TTL = timedelta(minutes=15)
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def ring(folder: Path) -> KeyRing:
    return KeyRing(folder, access_ttl=TTL)


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture(scope="module")
def fixed() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def test_the_first_start_makes_one_private_key(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "keys"
    first = ring(folder)
    (file,) = folder.glob("*.pem")
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert first.signer().private.key_size == 3072
    assert ring(folder).signer().kid == first.signer().kid


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    code = (
        "import sys; from datetime import timedelta; from pathlib import Path;"
        "from core.auth.keys import KeyRing;"
        "print(KeyRing(Path(sys.argv[1]), access_ttl=timedelta(minutes=15))"
        ".signer().kid)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "keys")]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for _process in range(4)
    ]
    kids = {process.communicate(timeout=120)[0].strip() for process in started}
    assert len(kids) == 1
    assert kids != {""}
    assert len(list((tmp_path / "keys").glob("*.pem"))) == 1


def test_a_new_key_is_published_before_it_signs(tmp_path: Path) -> None:
    with frozen_at(NOW):
        keys = ring(tmp_path)
        old = keys.signer().kid
    with frozen_at(NOW + timedelta(days=1)):
        new = keys.rotate()
        assert {key["kid"] for key in keys.published()["keys"]} == {old, new}
        assert keys.signer().kid == old
    with frozen_at(NOW + timedelta(days=1) + PUBLISHED_FIRST):
        assert keys.signer().kid == new
        assert keys.verifier(old) is not None


def test_an_old_key_is_kept_until_its_tokens_have_expired(tmp_path: Path) -> None:
    with frozen_at(NOW):
        keys = ring(tmp_path)
        old = keys.signer().kid
    rotated = NOW + timedelta(days=1)
    with frozen_at(rotated):
        second = keys.rotate()
    last_needed = rotated + PUBLISHED_FIRST + TTL + timedelta(seconds=30)
    with frozen_at(last_needed):
        keys.rotate()
        assert keys.verifier(old) is not None
    with frozen_at(last_needed + timedelta(seconds=1)):
        keys.rotate()
        assert keys.verifier(old) is None
        assert keys.verifier(second) is not None


def test_another_process_finds_a_new_key_by_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = ring(tmp_path), ring(tmp_path)
    new = theirs.rotate()
    monkeypatch.setattr("core.auth.keys._RESCAN_UNKNOWN_S", 0.0)
    assert ours.verifier(new) is not None


def test_unknown_ids_do_not_read_the_folder_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.auth.keys._RESCAN_UNKNOWN_S", 3600.0)
    keys = ring(tmp_path)
    monkeypatch.setattr(keys, "reload", lambda: pytest.fail("read the folder"))
    for number in range(100):
        assert keys.verifier(f"nobody-{number}") is None


def test_the_published_set_holds_no_private_part(tmp_path: Path) -> None:
    (entry,) = ring(tmp_path).published()["keys"]
    assert entry.keys() == {"kid", "use", "alg", "kty", "n", "e"}
    assert (entry["use"], entry["alg"], entry["kty"]) == ("sig", "RS256", "RSA")


def test_thumbprint_is_rfc_7638() -> None:
    """The example of RFC 7638 §3.1."""
    import base64  # noqa: PLC0415

    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuh"
        "DR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w"
        "6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr"
        "n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0L"
        "s1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    number = int.from_bytes(base64.urlsafe_b64decode(modulus + "=="))
    key = rsa.RSAPublicNumbers(65537, number).public_key()
    assert thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert public_jwk(key)["n"] == modulus


def test_a_key_from_a_variable_signs_and_further_ones_verify(
    tmp_path: Path, fixed: rsa.RSAPrivateKey
) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    public = other.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    folder = tmp_path / "keys"
    keys = KeyRing(folder, access_ttl=TTL, private_pem=pem_of(fixed), public_pem=public)
    assert keys.signer().kid == thumbprint(fixed.public_key())
    assert keys.verifier(thumbprint(other)) is not None
    assert not folder.exists()
    with pytest.raises(KeyRingError, match="PALESTRA_JWT_PRIVATE_KEY"):
        keys.rotate()


def test_faulty_keys_are_named(tmp_path: Path) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    curve = ec.generate_private_key(ec.SECP256R1())
    for pem, reason in (
        (pem_of(short), "2048 bits"),
        (pem_of(curve), "not an RSA key"),
        ("nonsense", "not an unencrypted private key"),
    ):
        with pytest.raises(KeyRingError, match=reason):
            KeyRing(tmp_path, access_ttl=TTL, private_pem=pem)
    with pytest.raises(KeyRingError, match="PALESTRA_JWT_PUBLIC_KEY"):
        KeyRing(
            tmp_path,
            access_ttl=TTL,
            public_pem="-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        )


def test_a_key_file_open_to_others_is_refused(tmp_path: Path) -> None:
    ring(tmp_path)
    (file,) = tmp_path.glob("*.pem")
    file.chmod(0o644)
    with pytest.raises(KeyRingError, match="chmod 600"):
        ring(tmp_path)


def test_keys_that_vanish_are_an_error_not_a_new_identity(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    (file,) = tmp_path.glob("*.pem")
    file.unlink()
    with pytest.raises(KeyRingError, match="restore it"):
        keys.reload()
