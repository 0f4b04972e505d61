"""Entities and rows are written from where they hold their values."""

import pytest
from marshmallow import fields
from sqlalchemy import create_engine, literal, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.http.schema import Schema
from core.http.shapes.dumping import Dumper, dumper
from tests.core.http.shapes.told import dumped


class Base(DeclarativeBase):
    pass


class Thing(Base):
    __tablename__ = "things"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column("text", default="unnamed")

    @property
    def twice(self) -> int:
        return 2 * self.id


class ThingOut(Schema):
    id = fields.Integer()
    label = fields.String()
    twice = fields.Integer()


def test_entities_are_written_whether_or_not_they_hold_their_values() -> None:
    whole, part = Thing(id=4, label="a"), Thing(id=5)
    assert dumper(ThingOut())(whole) == {"id": 4, "label": "a", "twice": 8}
    for thing in (whole, part):
        quick, own = dumped(ThingOut(), thing)
        assert quick == own


def test_rows_are_written_by_the_columns_they_have() -> None:
    class Out(Schema):
        label = fields.String()
        id = fields.Integer()

    class Counted(Out):
        count = fields.Integer()

    label, number = literal("a").label("label"), literal(7).label("id")
    statements = [
        select(number, label),
        select(label, number),
        select(label, literal(1).label("more"), number, literal(2).label("label")),
        select(label),
        select(literal(3).label("count"), number, label),
    ]
    with create_engine("sqlite://").connect() as connection:
        found = [connection.execute(statement).all() for statement in statements]
    schema = Out(many=True)
    mixed = [row for result in found for row in result]
    for rows in (*found, mixed):
        quick, own = dumped(schema, rows)
        assert quick == own
    assert dumper(schema)(found[1]) == dumper(schema)(found[0])
    counted, own = dumped(Counted(many=True), found[4])
    assert counted == own == b'[{"label":"a","id":7,"count":3}]'


def test_rows_are_no_work_for_marshmallow(monkeypatch: pytest.MonkeyPatch) -> None:
    class Out(Schema):
        id = fields.Integer()

    with create_engine("sqlite://").connect() as connection:
        rows = connection.execute(select(literal(7).label("id"))).all()
    write = Dumper(Out(many=True))
    monkeypatch.setattr(Out, "dump", lambda *_given, **_more: pytest.fail("slow"))
    assert write(rows) == [{"id": 7}]
