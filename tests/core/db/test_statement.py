"""Statements that are compiled once: what goes in, what comes out, and the wall."""

import enum
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    Date,
    DateTime,
    Enum,
    Float,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

from core.app import Installation
from core.db.statement import Statement, among, contains, given
from core.db.unit import UnitOfWork
from core.rbac.models import ClientGrant
from core.testing.plugin import QueryCount

Other = aliased(ClientGrant)

WORDS = [
    "plain",
    "100%",
    "under_score",
    "underXscore",
    "a/b",
    "it's",
    'say "it"',
    "back\\slash",
    "",
    "ÜBER",
]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


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


@pytest.fixture
def words(units: UnitOfWork) -> UUID:
    """A gym with a grant for each of ``WORDS``."""
    gym = uuid4()
    make(units, gym, *WORDS)
    return gym


class TestValues:
    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            (Enum(Colour, native_enum=False), Colour.BLUE),
            (JSONB(), {"a": [1, None, "ü"], "b": {"c": True}}),
            (JSONB(), []),
            (Uuid(), UUID(int=9)),
            (Date(), date(2026, 2, 28)),
            (DateTime(timezone=True), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
            (Interval(), timedelta(days=3, seconds=5)),
            (LargeBinary(), b"\x00'\xff"),
            (Numeric(6, 2), Decimal("12.50")),
            (Numeric(6, 2, asdecimal=False), 12.5),
            (Float(53), 0.1),
            (Float(53, asdecimal=True), Decimal("0.5")),
            (Integer(), -7),
            (Text(), "it's 100%"),
            (ARRAY(Uuid()), [UUID(int=1), UUID(int=2)]),
            (ARRAY(Enum(Colour, native_enum=False)), [Colour.RED]),
            (ARRAY(Text()), ['a "b"', "c,d", ""]),
            (Enum(Colour, native_enum=False), None),
            (Date(), None),
            (LargeBinary(), None),
        ],
        ids=repr,
    )
    def test_each_type_goes_in_and_comes_out(
        self, units: UnitOfWork, kind: TypeEngine[Any], value: Any
    ) -> None:
        asked = Statement(select(cast(bindparam("x", type_=kind), kind).label("found")))
        with units.open(None) as session:
            assert session.read(asked, x=value) == [(value,)]

    def test_types_come_out_of_columns_too(self, units: UnitOfWork) -> None:
        asked = Statement(
            select(
                literal("blue").cast(Enum(Colour, native_enum=False)).label("colour"),
                literal("ignored").label("text"),
            )
        )
        with pytest.raises(LookupError), units.open(None) as session:
            session.read(asked)  # an Enum is kept by its name

    def test_constants_stay_what_they_were(
        self, units: UnitOfWork, words: UUID
    ) -> None:
        asked = Statement(
            select(
                ClientGrant.source,
                literal("x").label("fixed"),
                literal(date(2026, 1, 2)).label("day"),
            )
            .where(ClientGrant.source.in_(["plain", "100%", "absent"]))
            .where(ClientGrant.source != given("but"))
            .limit(5)
        )
        with units.open(words) as session:
            for but, left in (("plain", "100%"), ("100%", "plain")):
                assert session.read(asked, but=but) == [(left, "x", date(2026, 1, 2))]

    def test_an_empty_list_of_fixed_values_finds_nothing(
        self, units: UnitOfWork, words: UUID
    ) -> None:
        asked = Statement(select(ClientGrant.id).where(ClientGrant.source.in_([])))
        with units.open(words) as session:
            assert session.read(asked) == []

    def test_a_value_may_stand_twice(self, units: UnitOfWork, words: UUID) -> None:
        asked = Statement(
            select(ClientGrant.source).where(
                or_(
                    ClientGrant.source == given("word"),
                    ClientGrant.source == func.concat("100", given("word")),
                )
            )
        )
        with units.open(words) as session:
            assert session.read(asked, word="%") == [("100%",)]
            assert session.read(asked, word="plain") == [("plain",)]

    def test_a_value_that_is_missing_is_said_before_any_sql(
        self,
        units: UnitOfWork,
        words: UUID,
        count_queries: Callable[[], QueryCount],
    ) -> None:
        asked = Statement(select(ClientGrant.id).where(ClientGrant.id == given("id")))
        with (
            units.open(words) as session,
            count_queries() as count,
            pytest.raises(KeyError, match="id"),
        ):
            session.read(asked, idd=uuid4())
        assert len(count) == 0

    def test_rows_are_named_even_where_two_names_are_the_same(
        self, units: UnitOfWork, words: UUID
    ) -> None:
        asked = Statement(
            select(ClientGrant.source, Other.source, func.count().over())
            .join(Other, Other.id == ClientGrant.id)
            .where(ClientGrant.source == given("source"))
        )
        with units.open(words) as session:
            (row,) = session.read(asked, source="plain")
        assert (row.source, *row) == ("plain", "plain", "plain", 1)

    def test_a_value_that_does_not_fit_is_the_databases_word(
        self, units: UnitOfWork
    ) -> None:
        asked = Statement(select(func.abs(bindparam("n", type_=Integer()))))
        with units.open(None) as session, pytest.raises(DBAPIError):
            session.read(asked, n=2**40)


class TestSearch:
    CONTAINS = Statement(
        select(ClientGrant.source)
        .where(contains(ClientGrant.source, "q"))
        .order_by(ClientGrant.source)
    )
    AMONG = Statement(
        select(ClientGrant.source)
        .where(among(ClientGrant.source, "sources"))
        .order_by(ClientGrant.source)
    )

    @pytest.mark.parametrize(
        ("sought", "found"),
        [
            ("%", ["100%"]),
            ("_", ["under_score"]),
            ("/", ["a/b"]),
            ("'", ["it's"]),
            ('"IT"', ['say "it"']),
            ("\\", ["back\\slash"]),
            ("über", ["ÜBER"]),
            ("R_S", ["under_score"]),
            ("/%", []),
            ("__", []),
            ("nothing of it", []),
            (None, []),
        ],
    )
    def test_text_is_sought_as_it_is_written(
        self, units: UnitOfWork, words: UUID, sought: str | None, found: list[str]
    ) -> None:
        with units.open(words) as session:
            rows = session.read(self.CONTAINS, q=sought)
        assert [row.source for row in rows] == found

    def test_an_empty_text_is_in_every_text(
        self, units: UnitOfWork, words: UUID
    ) -> None:
        with units.open(words) as session:
            assert len(session.read(self.CONTAINS, q="")) == len(WORDS)

    @pytest.mark.parametrize(
        ("sources", "found"),
        [
            ([], set()),
            (None, set()),
            (["plain", "it's", "100%", "absent"], {"plain", "it's", "100%"}),
            (
                ['say "it"', "a/b", "back\\slash", ""],
                {'say "it"', "a/b", "back\\slash", ""},
            ),
            (["plain", "plain", None], {"plain"}),
        ],
    )
    def test_a_list_may_be_of_any_length(
        self, units: UnitOfWork, words: UUID, sources: Any, found: set[str]
    ) -> None:
        with units.open(words) as session:
            rows = session.read(self.AMONG, sources=sources)
        assert len(rows) == len(found)
        assert {row.source for row in rows} == found

    def test_ids_may_be_listed(self, units: UnitOfWork) -> None:
        gym = uuid4()
        clients = make(units, gym, "a", "b", "c")
        asked = Statement(
            select(ClientGrant.source).where(among(ClientGrant.client_id, "clients"))
        )
        with units.open(gym) as session:
            rows = session.read(asked, clients=[*clients[:2], uuid4()])
        assert {row.source for row in rows} == {"a", "b"}


class TestShape:
    def test_a_class_is_read_as_objects_and_columns_as_rows(
        self, units: UnitOfWork, words: UUID
    ) -> None:
        whole = Statement(select(ClientGrant).where(ClientGrant.source == "plain"))
        columns = Statement(select(ClientGrant.source, ClientGrant.id))
        assert whole.mapper is None  # until it is compiled
        with units.open(words) as session:
            (found,) = session.read(whole)
            assert isinstance(found, ClientGrant)
            assert len(session.read(columns)) == len(WORDS)
        assert (whole.mapper is not None, columns.mapper) == (True, None)

    def test_one_more_column_stands_beside(
        self, units: UnitOfWork, words: UUID
    ) -> None:
        beside = Statement(
            select(ClientGrant).where(ClientGrant.source.in_(["plain", "a/b"])),
            beside=func.count().over().label("total"),
        )
        none = Statement(
            select(ClientGrant.source).where(ClientGrant.source == "absent"),
            beside=func.count().over().label("total"),
        )
        with units.open(words) as session:
            rows, total = session.read_beside(beside)
            assert ({row.source for row in rows}, total) == ({"plain", "a/b"}, 2)
            assert session.read_beside(none) == ([], None)

    def test_the_first_row_or_value_or_none(
        self, units: UnitOfWork, words: UUID
    ) -> None:
        asked = Statement(
            select(ClientGrant.source).where(ClientGrant.source == given("source"))
        )
        with units.open(words) as session:
            assert session.read_one(asked, source="plain") == ("plain",)
            assert session.read_value(asked, source="plain") == "plain"
            assert session.read_one(asked, source="absent") is None
            assert session.read_value(asked, source="absent") is None

    def test_it_is_compiled_once(self, units: UnitOfWork, words: UUID) -> None:
        asked = Statement(select(ClientGrant.source))
        with units.open(words) as session:
            session.read(asked)
            first = asked.compiled
            session.read(asked)
        assert asked.compiled is first
