"""The chain: sealed in commit order, and nothing in it can be changed unseen."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import DBAPIError

from core.audit import seals
from core.audit.models import AuditEntry, AuditSeal
from core.audit.recorder import record_event
from core.audit.sealing import seal_due
from core.audit.verification import Fault
from core.auth.models import User
from core.testing.kit import TestGym
from core.testing.server import TestServer
from tests.core.audit.chain import Chain
from tests.core.audit.sealed import PATIENCE_S


@pytest.fixture
def chain(gym: TestGym, postgres: TestServer) -> Chain:
    made = Chain(gym, postgres)
    made.seal()
    return made


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Seals of seven entries."""
    monkeypatch.setattr("core.audit.seals.BATCH", 7)
    return iter([7])


@pytest.fixture
def sealed(chain: Chain, small: Iterator[int]) -> Chain:
    """Some entries in several seals, with nothing wrong."""
    assert next(small) == 7
    for _ in range(5):
        chain.write(6)
    assert chain.seal() == 30
    verdict = chain.verify()
    assert (verdict.findings, verdict.pending, verdict.unanchored) == ([], 0, 0)
    assert verdict.entries == len(chain.ids())
    assert verdict.seals >= 6
    return chain


def test_nothing_new_makes_no_seal(sealed: Chain) -> None:
    before = sealed.verify().head
    assert sealed.seal() == 0
    assert sealed.verify().head == before


def test_entries_wait_for_transactions_that_began_before(chain: Chain) -> None:
    """One with an earlier number commits later, and must still find its place."""
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with chain.gym.unit() as session:
            record_event("test.slow")
            session.send_parting()
            written.set()
            assert go_on.wait(PATIENCE_S)

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(PATIENCE_S)
    chain.write(3)
    assert chain.seal() == 0
    assert chain.verify().pending == 3
    assert chain.verify().oldest_pending is not None
    go_on.set()
    thread.join()
    assert chain.seal() == 4
    verdict = chain.verify()
    assert (verdict.findings, verdict.pending) == ([], 0)


def test_two_sealers_do_not_meet(chain: Chain) -> None:
    chain.write(3)
    with chain.gym.installation.units().open(chain.gym.id) as session:
        assert seals.take_turn(session)
        assert chain.seal() == 0
    assert chain.seal() == 3


def test_writers_and_sealers_at_once_leave_one_whole_chain(sealed: Chain) -> None:
    stop = threading.Event()

    def keep_sealing() -> None:
        while not stop.is_set():
            sealed.seal()

    def keep_writing() -> None:
        for _ in range(15):
            sealed.write(2)

    sealers = [threading.Thread(target=keep_sealing) for _ in range(2)]
    writers = [threading.Thread(target=keep_writing) for _ in range(4)]
    for thread in [*sealers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in sealers:
        thread.join()
    sealed.seal()
    verdict = sealed.verify()
    assert verdict.findings == []
    assert verdict.entries == len(sealed.ids())
    assert verdict.pending == 0


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "user_id = gen_random_uuid()",
        "actor_kind = 'operator'",
        "action = 'test.changed'",
        "entity = NULL",
        "entity_id = 'x'",
        "before = '{{}}'",
        """after = '{{"n": 12}}'""",
        "trace_id = NULL",
        "address = '203.0.113.9'",
        "person_id = gen_random_uuid()",
        "txid = txid + 1",
        "txid = 1",
    ],
)
def test_each_column_is_vouched_for(sealed: Chain, change: str) -> None:
    victim = sealed.ids()[11]
    sealed.tamper(
        f"UPDATE audit_entries SET {change} WHERE {{gym}} AND id = '{victim}'"
    )
    (finding,) = sealed.verify().findings
    assert (finding.fault, finding.entry_id) == (Fault.CHANGED, victim)


def test_a_changed_id_is_one_missing_and_one_put_in(sealed: Chain) -> None:
    victim = sealed.ids()[11]
    sealed.tamper(
        "UPDATE audit_entries SET id = gen_random_uuid()"
        f" WHERE {{gym}} AND id = '{victim}'"
    )
    assert sealed.faults() == {"missing": 1, "inserted": 1}


def test_every_single_row_is_named(sealed: Chain) -> None:
    ids = sealed.ids()
    changed, missing = set(ids[3:23:4]), set(ids[4:24:4])
    for victim in changed:
        sealed.tamper(
            "UPDATE audit_entries SET action = 'test.forged'"
            f" WHERE {{gym}} AND id = '{victim}'"
        )
    for victim in missing:
        sealed.tamper(f"DELETE FROM audit_entries WHERE {{gym}} AND id = '{victim}'")
    sealed.tamper(
        "INSERT INTO audit_entries (tenant_id, id, at, actor_kind, action, txid)"
        f" VALUES ('{sealed.gym.id}', gen_random_uuid(), now(), 'system', 'x', 5)"
    )
    findings = sealed.verify().findings
    named = {
        fault: {one.entry_id for one in findings if one.fault is fault}
        for fault in Fault
    }
    assert named[Fault.CHANGED] == changed
    assert named[Fault.MISSING] == missing
    assert len(named[Fault.INSERTED]) == 1
    assert len(findings) == len(changed) + len(missing) + 1


@pytest.mark.parametrize(
    "change",
    [
        "era = 1",
        "first_txid = first_txid - 1",
        "first_id = gen_random_uuid()",
        "entries = 6",
        "hash = sha256('x')",
        "prev_hash = sha256('x')",
        "sealed_at = sealed_at + interval '1 hour'",
        "leaves = substring(leaves FOR 336 - 48)",
        "leaves = overlay(leaves PLACING sha256('x') FROM 17)",
    ],
)
def test_a_seal_that_was_changed_is_found(sealed: Chain, change: str) -> None:
    sealed.tamper(f"UPDATE audit_seals SET {change} WHERE {{gym}} AND seq = 3")
    findings = sealed.verify().findings
    assert (Fault.SEAL_CHANGED, 3) in {(one.fault, one.seq) for one in findings}


def test_a_forged_chain_does_not_answer_to_its_anchors(sealed: Chain) -> None:
    """Whoever knows the rules rewrites row, leaves and hashes, and is found still."""
    victim = sealed.ids()[-1]
    sealed.tamper(f"UPDATE audit_entries SET action = 'x' WHERE id = '{victim}'")
    sealed.tamper(
        "DELETE FROM audit_seals WHERE {gym} AND seq ="
        " (SELECT max(seq) FROM audit_seals WHERE {gym})"
    )
    # The sealer itself makes the forger a seal that fits the table.
    assert sealed.seal() > 0
    assert sealed.faults() == {"anchor_differs": 1}


def test_a_lost_seal_is_found_and_its_entries_are_not_blamed(sealed: Chain) -> None:
    sealed.tamper("DELETE FROM audit_seals WHERE {gym} AND seq IN (2, 3)")
    found = sealed.verify().findings
    assert [(one.fault, one.seq) for one in found] == [
        (Fault.SEAL_MISSING, 2),
        (Fault.SEAL_MISSING, 3),
    ]


def test_a_cut_tail_is_found(sealed: Chain) -> None:
    victims = sealed.ids()[-9:]
    listed = ", ".join(f"'{victim}'" for victim in victims)
    sealed.tamper(f"DELETE FROM audit_entries WHERE {{gym}} AND id IN ({listed})")
    newest = sealed.verify().head
    assert newest is not None
    sealed.tamper(f"DELETE FROM audit_seals WHERE {{gym}} AND seq >= {newest[0]} - 1")
    verdict = sealed.verify()
    cut = [one for one in verdict.findings if one.fault is Fault.TAIL_CUT]
    assert [one.seq for one in cut] == [newest[0] - 1, newest[0]]
    assert "entries is cut off" in cut[0].detail


def test_everything_gone_is_found(sealed: Chain) -> None:
    sealed.tamper("DELETE FROM audit_entries WHERE {gym}")
    sealed.tamper("DELETE FROM audit_seals WHERE {gym}")
    assert set(sealed.faults()) == {"tail_cut"}


def test_the_chain_grows_on_after_a_cut_and_the_cut_stays_known(sealed: Chain) -> None:
    newest = sealed.verify().head
    assert newest is not None
    sealed.tamper(f"DELETE FROM audit_seals WHERE {{gym}} AND seq = {newest[0]}")
    sealed.write(9)
    sealed.seal()
    sealed.write(9)
    sealed.seal()
    assert sealed.faults() == {"anchor_differs": 1}


def test_a_gym_without_its_anchors_is_told(sealed: Chain) -> None:
    sealed.anchors.path(sealed.gym.id).unlink()
    assert sealed.faults() == {"anchor_missing": 1}
    sealed.seal()
    assert sealed.faults() == {}


def test_what_a_crash_kept_from_the_anchor_is_anchored_next_time(sealed: Chain) -> None:
    path = sealed.anchors.path(sealed.gym.id)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2]) + lines[-2][:30])
    assert sealed.verify().unanchored == 2
    sealed.seal()
    assert path.read_bytes() == b"".join(lines)
    assert sealed.verify().unanchored == 0


def test_erasing_a_person_leaves_the_chain_whole(sealed: Chain) -> None:
    gym = sealed.gym
    person = gym.user("client")
    sealed.seal()
    with gym.unit() as session:
        session.delete(session.get_one(User, (gym.id, person)))
        session.flush()
        gym.installation.recorder.keys.destroy(session, person)
    assert sealed.seal() == 1
    assert sealed.faults() == {}
    shown = gym.api("admin").get("/audits", query={"entityId": str(person)})
    assert shown[0]["before"]["email"] == {"erased": True}


def test_transactions_counted_anew_begin_an_era(
    sealed: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restore on another server, whose numbers are small again."""
    newest = sealed.verify()
    real = seals.horizon
    some = sealed.tamper("SELECT min(txid), max(txid) FROM audit_entries WHERE {gym}")
    first, last = (int(str(number)) for number in some[0])
    restarted = (first + last) // 2
    gym = sealed.gym.id
    for number in range(3):
        sealed.tamper(
            "INSERT INTO audit_entries (tenant_id, id, at, actor_kind, action, txid)"
            f" VALUES ('{gym}', gen_random_uuid(), now(), 'system', 'restored',"
            f" {restarted - number})"
        )
    monkeypatch.setattr("core.audit.seals.horizon", lambda _session: restarted + 1)
    assert sealed.seal() == 3
    verdict = sealed.verify()
    assert verdict.findings == []
    assert verdict.entries == newest.entries + 3
    # What is written next stands among entries of before until it is sealed.
    sealed.tamper(
        "INSERT INTO audit_entries (tenant_id, id, at, actor_kind, action, txid)"
        f" VALUES ('{gym}', gen_random_uuid(), now(), 'system', 'restored',"
        f" {restarted + 1})"
    )
    verdict = sealed.verify()
    assert (verdict.findings, verdict.pending) == ([], 1)
    assert verdict.oldest_pending is not None
    monkeypatch.setattr("core.audit.seals.horizon", lambda _session: restarted + 2)
    assert sealed.seal() == 1
    verdict = sealed.verify()
    assert (verdict.findings, verdict.pending) == ([], 0)
    monkeypatch.setattr("core.audit.seals.horizon", real)
    sealed.write(2)
    assert sealed.seal() == 2
    verdict = sealed.verify()
    assert (verdict.findings, verdict.pending) == ([], 0)
    # The new era vouches for its stretch as the old one does.
    sealed.tamper(
        "INSERT INTO audit_entries (tenant_id, id, at, actor_kind, action, txid)"
        f" VALUES ('{gym}', gen_random_uuid(), now(), 'system', 'forged', {first})"
    )
    assert sealed.faults()["inserted"] >= 1


def test_many_gyms_are_sealed_in_one_go(
    chain: Chain, other_gym: TestGym, postgres: TestServer
) -> None:
    other = Chain(other_gym, postgres)
    other.seal()
    chain.write(2)
    other.write(3)
    units = chain.gym.installation.units()
    gyms = [chain.gym.id, other_gym.id]
    assert seal_due(units, gyms, chain.anchors) == 5
    assert chain.faults() == other.faults() == {}


def test_a_gyms_seals_are_its_own(chain: Chain, other_gym: TestGym) -> None:
    assert chain.verify().seals > 0
    with other_gym.unit() as session:
        assert seals.head(session) is None


@pytest.mark.parametrize("model", [AuditEntry, AuditSeal])
@pytest.mark.parametrize("verb", ["UPDATE {0} SET id = id", "DELETE FROM {0}"])
@pytest.mark.parametrize("role", ["app", "operator"])
def test_neither_role_can_rewrite_the_chain(
    chain: Chain, model: type[AuditEntry | AuditSeal], verb: str, role: str
) -> None:
    units = chain.gym.installation.units("app" if role == "app" else "operator")
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        units.open(chain.gym.id) as session,
    ):
        session.connection().exec_driver_sql(verb.format(model.__tablename__))
