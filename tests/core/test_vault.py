"""Sealed values under a master key that is rotated."""

import base64
import os
import secrets
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.config import Settings
from core.config.sealed_file import SealedFile
from core.config.secrets import (
    MasterKeyError,
    derive_key,
    derive_keys,
    master_keys,
    retire,
    rotate_master,
    rotation_finished,
    rotation_unfinished,
)
from core.config.vault import SealBroken, Vault

BOUND = b"gym and row"


def settings_in(home: Path, **variables: str) -> Settings:
    return Settings.load(
        {"PALESTRA_ENV": "test", "PALESTRA_HOME": str(home), **variables}
    )


def text_of(key: bytes) -> str:
    return base64.b64encode(key).decode()


def rotated(settings: Settings) -> None:
    assert rotate_master(settings)
    rotation_finished(settings)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return Vault(settings)


def sealed(vault: Vault, clear: bytes = b"hunter-2") -> bytes:
    return vault.seal(clear, purpose="test", bound_to=BOUND)


def opened(vault: Vault, value: bytes) -> bytes:
    return vault.open(value, purpose="test", bound_to=BOUND)


def test_a_value_opens_for_its_purpose_and_place_alone(vault: Vault) -> None:
    value = sealed(vault)
    assert b"hunter" not in value
    assert opened(vault, value) == b"hunter-2"
    for purpose, bound in (("other", BOUND), ("test", b"another row")):
        with pytest.raises(SealBroken):
            vault.open(value, purpose=purpose, bound_to=bound)


def test_no_bit_of_a_value_can_be_turned(vault: Vault) -> None:
    value = sealed(vault)
    for place in range(len(value)):
        turned = bytearray(value)
        turned[place] ^= 1
        with pytest.raises(SealBroken):
            opened(vault, bytes(turned))


@pytest.mark.parametrize("garbage", [b"", b"\x01", b"\x01" * 9, b"\x00" * 40])
def test_garbage_is_refused(vault: Vault, garbage: bytes) -> None:
    with pytest.raises(SealBroken):
        opened(vault, garbage)


def test_old_values_open_after_rotations_and_new_ones_are_under_the_new_key(
    settings: Settings, vault: Vault
) -> None:
    values = [sealed(vault)]
    for _turn in range(3):
        assert vault.is_current(values[-1])
        rotated(settings)
        assert not vault.is_current(values[-1])
        values.append(sealed(vault))
    assert [opened(vault, value) for value in values] == [b"hunter-2"] * 4
    assert len({value[:9] for value in values}) == 4
    assert {opened(Vault(settings), value) for value in values} == {b"hunter-2"}


def test_values_of_before_there_were_marks_open_and_are_not_current(
    settings: Settings, vault: Vault
) -> None:
    nonce = secrets.token_bytes(12)
    cipher = AESGCM(derive_key(settings, "test"))
    value = nonce + cipher.encrypt(nonce, b"hunter-2", BOUND)
    rotated(settings)
    assert opened(vault, value) == b"hunter-2"
    assert not vault.is_current(value)


def test_a_retired_key_opens_nothing(settings: Settings, vault: Vault) -> None:
    value = sealed(vault)
    rotated(settings)
    _current, former = master_keys(settings)
    retire(settings, former)
    assert len(master_keys(settings)) == 1
    with pytest.raises(SealBroken):
        opened(vault, value)


def test_the_current_key_cannot_be_retired(settings: Settings) -> None:
    [current] = master_keys(settings)
    with pytest.raises(MasterKeyError):
        retire(settings, replace(current, path=settings.server.keys_dir / "master.key"))
    assert master_keys(settings) == (current,)


def test_derived_keys_change_and_former_ones_are_known(settings: Settings) -> None:
    before = derive_key(settings, "cursor")
    rotated(settings)
    now = derive_key(settings, "cursor")
    assert now != before
    assert derive_keys(settings, "cursor") == (now, before)


def test_a_rotation_that_is_not_finished_makes_no_second_key(
    settings: Settings,
) -> None:
    assert not rotation_unfinished(settings)
    assert rotate_master(settings)
    assert rotation_unfinished(settings)
    assert not rotate_master(settings)
    assert len(master_keys(settings)) == 2
    rotation_finished(settings)
    assert not rotation_unfinished(settings)


def test_one_stopped_before_its_key_was_made_begins_again(settings: Settings) -> None:
    [before] = master_keys(settings)
    folder = settings.server.keys_dir
    (folder / "master.rotating").write_bytes(before.id)
    (folder / f"master-{before.id.hex()}.key").write_bytes(before.secret)
    assert [key.id for key in master_keys(settings)] == [before.id]
    assert rotate_master(settings)
    assert [key.id for key in master_keys(settings)][1:] == [before.id]


def test_many_rotations_at_once_make_one_key(settings: Settings) -> None:
    master_keys(settings)
    made: list[bool] = []
    threads = [
        threading.Thread(target=lambda: made.append(rotate_master(settings)))
        for _number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False] * 7 + [True]
    assert len(master_keys(settings)) == 2


def test_key_files_are_private_and_nothing_else_is_left(settings: Settings) -> None:
    rotated(settings)
    folder = settings.server.keys_dir
    names = sorted(path.name for path in folder.iterdir())
    former = master_keys(settings)[1]
    assert names == [f"master-{former.id.hex()}.key", "master.key", "master.lock"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert former.replaced_at is not None


def test_a_cut_key_file_is_named_and_not_used(settings: Settings) -> None:
    master_keys(settings)
    path = settings.server.keys_dir / "master.key"
    path.write_bytes(b"short")
    with pytest.raises(MasterKeyError, match=r"master\.key"):
        master_keys(settings)


def test_keys_of_the_settings_come_before_files_which_still_open(
    tmp_path: Path, vault: Vault
) -> None:
    in_file = sealed(vault)
    first, second = os.urandom(32), os.urandom(32)
    one = Vault(settings_in(tmp_path, PALESTRA_ENCRYPTION_KEY=text_of(first)))
    assert opened(one, in_file) == b"hunter-2"
    in_first = sealed(one)
    with_former = settings_in(
        tmp_path,
        PALESTRA_ENCRYPTION_KEY=text_of(second),
        PALESTRA_ENCRYPTION_KEYS_FORMER=f"{text_of(first)}, {text_of(os.urandom(32))}",
    )
    two = Vault(with_former)
    assert not two.is_current(in_first)
    assert opened(two, in_first) == opened(two, in_file) == b"hunter-2"
    alone = settings_in(tmp_path, PALESTRA_ENCRYPTION_KEY=text_of(second))
    with pytest.raises(SealBroken):
        opened(Vault(alone), in_first)
    with pytest.raises(MasterKeyError, match="PALESTRA_ENCRYPTION_KEY"):
        rotate_master(with_former)


def test_no_key_is_shown_by_what_holds_it(tmp_path: Path) -> None:
    given = os.urandom(32)
    text = text_of(given)
    settings = settings_in(
        tmp_path,
        PALESTRA_ENCRYPTION_KEY=text,
        PALESTRA_ENCRYPTION_KEYS_FORMER=text_of(os.urandom(32)),
    )
    for shown in (repr(settings.auth), *map(repr, master_keys(settings))):
        assert repr(given) not in shown
        assert text not in shown


def test_a_sealed_file_stays_the_same_through_rotations(
    settings: Settings, vault: Vault, tmp_path: Path
) -> None:
    path = tmp_path / "anchors" / "key.sealed"
    kept = SealedFile(path, vault, first=lambda: b"first")
    assert not kept.reseal()
    assert kept.read() == b"first"
    rotated(settings)
    assert SealedFile(path, vault, first=lambda: b"other").read() == b"first"
    assert kept.reseal()
    assert not kept.reseal()
    retire(settings, master_keys(settings)[1])
    assert kept.read() == b"first"
    assert [one.name for one in path.parent.iterdir()] == ["key.sealed"]
