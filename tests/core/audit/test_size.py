"""How many entries there are is told by the newest seal, and is always right."""

import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from core.audit import seals
from core.audit.models import AuditEntry
from core.audit.recorder import record_event
from core.audit.verification import Fault
from core.db.session import TenantSession
from core.testing.kit import TestGym
from core.testing.plugin import QueryCount
from core.testing.server import TestServer
from tests.core.audit.chain import Chain

HUGE = 2**62
"""Of a transaction that no server has come to yet."""


@pytest.fixture
def chain(gym: TestGym, postgres: TestServer, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """A gym with some entries, none of them sealed; a seal holds seven."""
    monkeypatch.setattr("core.audit.seals.BATCH", 7)
    made = Chain(gym, postgres)
    made.write(20)
    return made


def told_and_counted(session: TenantSession) -> tuple[int, int]:
    told: int = session.read_value(seals.SIZE)
    counted = session.scalar(select(func.count()).select_from(AuditEntry))
    return told, counted or 0


def size(chain: Chain) -> int:
    """What is told, once it is what there is."""
    with chain.gym.installation.units().open(chain.gym.id) as session:
        told, counted = told_and_counted(session)
    assert told == counted
    return told


def newest(chain: Chain) -> tuple[object, ...]:
    """Era and count of the newest seal."""
    (row,) = chain.tamper(
        "SELECT era, cumulative FROM audit_seals WHERE {gym} ORDER BY seq DESC LIMIT 1"
    )
    return row


def test_a_log_that_was_never_sealed(chain: Chain) -> None:
    assert size(chain) >= 20


def test_a_log_that_is_sealed_partly_and_whole(chain: Chain) -> None:
    before = size(chain)
    assert chain.seal() == before
    assert newest(chain) == (0, before)
    assert size(chain) == before
    chain.write(3)
    assert size(chain) == before + 3
    assert newest(chain) == (0, before)
    chain.seal()
    assert size(chain) == before + 3


def test_the_log_of_another_gym_is_not_in_it(chain: Chain, other_gym: TestGym) -> None:
    chain.seal()
    before = size(chain)
    with other_gym.unit():
        record_event("test.happened")
    assert size(chain) == before


def test_what_this_transaction_wrote_is_in_it(chain: Chain) -> None:
    chain.seal()
    before = size(chain)
    with chain.gym.unit() as session:
        record_event("test.happened")
        assert told_and_counted(session) == (before + 1, before + 1)


def test_what_began_before_a_seal_and_ends_after_it_is_in_it(chain: Chain) -> None:
    before = size(chain)
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with chain.gym.unit() as session:
            record_event("test.slow")
            session.flush()
            session.connection()  # sends what would wait for the end
            written.set()
            assert go_on.wait(20)

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(20)
    with chain.gym.unit():
        record_event("test.quick")
    chain.seal()
    assert size(chain) == before + 1
    go_on.set()
    thread.join()
    assert size(chain) == before + 2
    chain.seal()
    assert newest(chain) == (0, before + 2)
    assert size(chain) == before + 2


def test_it_is_right_in_every_moment_of_writing_and_sealing(chain: Chain) -> None:
    """Both counts are taken of one snapshot, while four write and two seal."""
    stop = threading.Event()
    seen: list[tuple[int, int]] = []

    def keep_sealing() -> None:
        while not stop.is_set():
            chain.seal()

    def keep_writing() -> None:
        for _ in range(15):
            chain.write(2)
            seen.append(of_one_snapshot(chain))

    sealers = [threading.Thread(target=keep_sealing) for _ in range(2)]
    writers = [threading.Thread(target=keep_writing) for _ in range(4)]
    run_together(writers, beside=sealers, stop=stop)
    assert len(seen) == 60
    assert [one for one in seen if one[0] != one[1]] == []
    chain.seal()
    assert newest(chain) == (0, size(chain))


def of_one_snapshot(chain: Chain) -> tuple[int, int]:
    units = chain.gym.installation.units()
    with units.open(chain.gym.id, isolation="REPEATABLE READ") as session:
        return told_and_counted(session)


def run_together(
    workers: Sequence[threading.Thread],
    *,
    beside: Sequence[threading.Thread],
    stop: threading.Event,
) -> None:
    """Runs workers to their end, and others until then."""
    for thread in [*beside, *workers]:
        thread.start()
    for thread in workers:
        thread.join()
    stop.set()
    for thread in beside:
        thread.join()


def test_a_seal_that_did_not_count_is_made_up_for_by_the_next(chain: Chain) -> None:
    chain.seal()
    chain.tamper("UPDATE audit_seals SET cumulative = NULL WHERE {gym}")
    before = size(chain)
    assert chain.faults() == {}
    chain.write(3)
    assert size(chain) == before + 3
    chain.seal()
    assert newest(chain) == (0, before + 3)
    assert size(chain) == before + 3


@pytest.fixture
def restarted(chain: Chain) -> int:
    """A number from which another server goes on, amid those that were sealed."""
    for _ in range(6):
        chain.write(4)
    chain.seal()
    ((middle,),) = chain.tamper(
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY txid) FROM audit_entries"
        " WHERE {gym}"
    )
    return int(str(middle))


def write_at(chain: Chain, txid: int) -> None:
    """An entry of a transaction with a number."""
    chain.tamper(
        "INSERT INTO audit_entries (tenant_id, id, at, actor_kind, action, txid)"
        f" VALUES ('{chain.gym.id}', gen_random_uuid(), now(), 'system', 'restored',"
        f" {txid})"
    )


def test_a_log_on_a_server_that_counts_transactions_anew(
    chain: Chain, restarted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, real = size(chain), seals.horizon
    for number in range(3):
        write_at(chain, restarted - number)
    monkeypatch.setattr("core.audit.seals.horizon", lambda _session: restarted + 1)
    assert chain.seal() == 3
    # Sealed entries of the era before stand beyond the newest seal, and are counted.
    era, cumulative = newest(chain)
    assert era == 1
    assert 3 < int(str(cumulative)) < before
    assert size(chain) == before + 3
    write_at(chain, restarted + 1)
    assert size(chain) == before + 4
    monkeypatch.setattr("core.audit.seals.horizon", lambda _session: restarted + 2)
    assert chain.seal() == 1
    assert size(chain) == before + 4
    monkeypatch.setattr("core.audit.seals.horizon", real)
    chain.write(2)
    assert chain.seal() == 2
    assert newest(chain) == (1, before + 6)
    assert size(chain) == before + 6
    assert chain.faults() == {}


def test_before_the_sealer_has_seen_another_server_all_are_counted(
    chain: Chain,
) -> None:
    """A seal's place is then ahead of what is written."""
    chain.seal()
    chain.tamper(f"UPDATE audit_seals SET last_txid = last_txid + {HUGE} WHERE {{gym}}")
    before = size(chain)
    chain.write(2)
    assert size(chain) == before + 2


@pytest.mark.parametrize("by", [1, -1])
def test_a_count_that_was_changed_is_found(chain: Chain, by: int) -> None:
    chain.seal()
    assert chain.faults() == {}
    chain.tamper(f"UPDATE audit_seals SET cumulative = cumulative + {by} WHERE {{gym}}")
    (finding,) = chain.verify().findings
    assert (finding.fault, finding.seq) == (Fault.SEAL_CHANGED, chain.verify().seals)


def test_the_list_tells_it_where_nothing_is_filtered(chain: Chain) -> None:
    admin = chain.gym.api("admin")
    for _ in range(2):
        body = admin.raw("GET", "/audits", query={"limit": 5}).get_json()
        assert body["meta"]["pagination"]["total"] == size(chain)
        some = {"limit": 5, "action": "test.happened"}
        narrowed = admin.raw("GET", "/audits", query=some).get_json()
        assert narrowed["meta"]["pagination"]["total"] == 20
        chain.seal()


def test_an_idle_log_is_not_counted_again_and_again(chain: Chain) -> None:
    """Where no seal has counted yet, the sealer waits for something to seal."""
    chain.seal()
    chain.tamper("UPDATE audit_seals SET cumulative = NULL WHERE {gym}")
    with QueryCount(chain.gym.installation.databases.app) as count:
        assert chain.seal() == 0
    assert not [one for one in count.statements if "count(*)" in one]
    chain.write(1)
    with QueryCount(chain.gym.installation.databases.app) as count:
        assert chain.seal() == 1
    assert len([one for one in count.statements if "count(*)" in one]) == 1
