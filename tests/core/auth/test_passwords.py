"""Password policy and hashing."""

import threading

import argon2
import pytest

from core.auth import passwords
from core.auth.passwords import hash_password, is_outdated, matches
from core.auth.policy import common_words, faults, is_common

GOOD = "Nine-Lamps-Glow-42"


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "Correct-Horse-7!",
        "grüner Efeu 3 Türen Öl",
        "tR8#kLw0&zQp",
        "Ab1!Ab1!xYz9",
    ],
)
def test_strong_passwords_pass(password: str) -> None:
    assert faults(password, ["Ada Lovelace", "ada@iron.example"]) == []


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("Kurz-Lamp-42", None),
        ("Kurz-Lamp42", "at least 12 characters"),
        ("NINE-LAMPS-GLOW-42", "a lower-case letter"),
        ("nine-lamps-glow-42", "an upper-case letter"),
        ("Nine-Lamps-Glow-xx", "a digit"),
        ("NineLampsGlow42xx", "a symbol"),
        ("Xk7!Xk7!Xk7!", "at least 6 different characters"),
    ],
)
def test_each_rule_is_named(password: str, missing: str | None) -> None:
    assert faults(password) == ([missing] if missing else [])


@pytest.mark.parametrize(
    "password",
    [
        "Password123!",
        "P@ssw0rd1234",
        "Passw0rd!2026",
        "!!Welcome2026",
        "Qwertyuiop1!",
        "Qwertz12345!",
        "Letmein12345!",
        "IloveYou123!",
        "Admin-Admin-1",
        "Fitness-Studio1",
        "DragonMonkey1!",
        "Summer2026!!!",
        "Winter_2025!!",
        "Frühling2026!",
        "November-1999!",
        "Changeme1234!",
    ],
)
def test_common_passwords_are_refused(password: str) -> None:
    assert "nothing that is commonly used" in faults(password)


def test_the_list_is_a_few_hundred_plain_words() -> None:
    words = common_words()
    assert len(words) > 300
    assert all(word == word.lower() and word.isalpha() for word in words)
    assert not is_common(GOOD)


@pytest.mark.parametrize("personal", ["Ada Lovelace", "x@lovelace-gym.example"])
def test_names_do_not_belong_in_passwords(personal: str) -> None:
    needs = faults("My-Lovelace-42!", [personal])
    assert needs == ["no part of your name or e-mail address"]


def test_short_names_may_stand_in_passwords() -> None:
    assert faults("Nine-Lamps-Glow-42", ["Li Ne"]) == []


def test_hashes_have_the_promised_strength() -> None:
    parameters = argon2.extract_parameters(hash_password(GOOD))
    assert parameters.type is argon2.Type.ID
    assert parameters.memory_cost >= 19 * 1024
    assert parameters.time_cost >= 2


def test_a_hash_fits_its_password_alone() -> None:
    known = hash_password(GOOD)
    assert matches(known, GOOD)
    assert not matches(known, GOOD + "x")
    assert not matches("not a hash", GOOD)
    assert known != hash_password(GOOD)


def test_the_same_letters_match_however_they_are_composed() -> None:
    assert matches(hash_password("Gru\u0308ne-Lampe-42"), "Gr\u00fcne-Lampe-42")


def test_nobody_s_hash_costs_what_a_real_one_costs() -> None:
    nobody = passwords._NOBODY  # noqa: SLF001 — its parameters are the point
    assert argon2.extract_parameters(nobody) == argon2.extract_parameters(
        hash_password(GOOD)
    )
    assert not is_outdated(nobody)
    assert not matches(None, GOOD)


def test_weaker_hashes_are_outdated() -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
    assert is_outdated(weak.hash(GOOD))
    assert not is_outdated(hash_password(GOOD))


def test_only_so_many_hashes_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(3, timeout=60)

    class Slow:
        def hash(self, _password: str) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            together.wait()  # each goes on only with two others
            with lock:
                running -= 1
            return "hash"

    monkeypatch.setattr(passwords, "_hasher", Slow())
    passwords.allow_parallel(3)
    threads = [
        threading.Thread(target=hash_password, args=(GOOD,)) for _number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passwords.allow_parallel(2)
    assert most == 3
