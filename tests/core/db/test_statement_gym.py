"""The wall between gyms in statements that are compiled once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from core.app import Installation
from core.db.guard import TenancyError
from core.db.statement import Statement, given
from core.db.unit import UnitOfWork
from core.rbac.models import ClientGrant, GymRole, RoleCode
from core.testing.plugin import QueryCount

Other = aliased(ClientGrant)


@pytest.fixture
def units(installation: Installation) -> UnitOfWork:
    return installation.units()


def make(units: UnitOfWork, gym: UUID, *sources: str) -> list[UUID]:
    """Writes a grant for each source; returns the clients."""
    rows = [
        ClientGrant(user_id=uuid4(), client_id=uuid4(), source=source)
        for source in sources
    ]
    with units.open(gym) as session:
        session.add_all(rows)
    return [row.client_id for row in rows]


Shape = tuple[Any, int]
"""A SELECT, and how many tables of gyms it reads."""

inner = select(Other.client_id).where(Other.source == given("source"))
part = inner.subquery()
shared = inner.cte("shared")

SHAPES: dict[str, Shape] = {
    "columns": (select(ClientGrant.source), 1),
    "a class": (select(ClientGrant), 1),
    "a count": (select(func.count()).select_from(ClientGrant), 1),
    "an alias": (select(Other.source), 1),
    "IN (SELECT)": (
        select(ClientGrant.source).where(ClientGrant.client_id.in_(inner)),
        2,
    ),
    "EXISTS": (
        select(ClientGrant.source).where(
            exists(Other.id).where(Other.client_id == ClientGrant.client_id)
        ),
        2,
    ),
    "a subquery": (
        select(ClientGrant.source).join(
            part, ClientGrant.client_id == part.c.client_id
        ),
        2,
    ),
    "a CTE": (
        select(ClientGrant.source).join(
            shared, shared.c.client_id == ClientGrant.client_id
        ),
        2,
    ),
    "a scalar subquery": (
        select(
            ClientGrant.source,
            select(func.count()).select_from(Other).scalar_subquery().label("all"),
        ),
        2,
    ),
    "an outer join": (
        select(ClientGrant.source, Other.source).outerjoin(
            Other, Other.client_id == ClientGrant.client_id
        ),
        2,
    ),
    "a join of two models": (
        select(ClientGrant.source, GymRole.name).outerjoin(
            GymRole, GymRole.name == ClientGrant.source
        ),
        2,
    ),
    "a shared table beside": (
        select(ClientGrant.source, RoleCode.code).outerjoin(
            RoleCode, RoleCode.code == ClientGrant.source
        ),
        1,
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_table_carries_the_gym(
    units: UnitOfWork, unguarded: UnitOfWork, shape: str
) -> None:
    """As superuser, so that the predicate alone keeps the gyms apart."""
    statement, tables = SHAPES[shape]
    asked = Statement(statement)
    text = asked.compiled.prepared.text
    assert (text.count("tenant_id = $"), asked.of_gym) == (tables, True)
    mine, theirs = uuid4(), uuid4()
    # The same client in both gyms: a table without its gym joins across them.
    client = uuid4()
    for gym, source in ((mine, "mine"), (theirs, "theirs")):
        with units.open(gym) as session:
            session.add(ClientGrant(user_id=uuid4(), client_id=client, source=source))
            session.add(GymRole(name=source, title="", permissions=[], scope="all"))
    with unguarded.open(mine) as session:
        rows = session.read(asked, source="mine")
        if asked.mapper is not None:
            rows = [(row.source,) for row in rows]
        seen = {value for row in rows for value in row}
    with unguarded.open(theirs) as session:
        assert len(session.read(asked, source="theirs")) == 1
    assert len(rows) == 1
    assert seen <= {"mine", 1, None}


def test_an_outer_join_keeps_rows_without_a_partner(units: UnitOfWork) -> None:
    gym = uuid4()
    make(units, gym, "alone")
    asked = Statement(
        select(ClientGrant.source, GymRole.name).outerjoin(
            GymRole, GymRole.name == ClientGrant.source
        )
    )
    with units.open(gym) as session:
        assert session.read(asked) == [("alone", None)]


def test_a_table_without_its_gym_is_refused(
    units: UnitOfWork,
    count_queries: Callable[[], QueryCount],
) -> None:
    asked = Statement(select(ClientGrant.__table__.c.source))
    with units.open(uuid4()) as session, count_queries() as count:
        for _ in range(2):  # the refusal is not forgotten
            with pytest.raises(TenancyError, match="without its gym"):
                session.read(asked)
    assert len(count) == 0


def test_rows_of_gyms_need_a_gym(
    units: UnitOfWork, count_queries: Callable[[], QueryCount]
) -> None:
    asked = Statement(select(ClientGrant.source))
    with (
        units.open(None) as session,
        count_queries() as count,
        pytest.raises(TenancyError, match="serves no gym"),
    ):
        session.read(asked)
    assert len(count) == 0


@pytest.mark.parametrize("gym", [None, uuid4()])
def test_shared_tables_need_none(units: UnitOfWork, gym: UUID | None) -> None:
    asked = Statement(select(RoleCode).where(RoleCode.code == given("code")))
    assert not asked.compiled.prepared.text.count("tenant_id")
    with units.open(gym) as session:
        assert session.read_one(asked, code="admin").code == "admin"
        assert session.read_one(asked, code="nobody") is None
    assert not asked.of_gym


def test_nobody_gives_another_gym(units: UnitOfWork) -> None:
    asked = Statement(select(ClientGrant.source))
    mine, theirs = uuid4(), uuid4()
    make(units, theirs, "theirs")
    with units.open(mine) as session:
        assert session.read(asked, palestra_tenant_id=theirs) == []
