"""Lists that are compiled once answer what a plain SELECT answers."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st
from sqlalchemy import and_, false, func, or_, select, true

from core.access import RowScope
from core.app import Installation
from core.clock import utc_now
from core.context import Actor
from core.db.statement import contains, given
from core.db.unit import session
from core.http.page import Page, SortKey
from core.http.pipeline import Palestra
from core.rbac.listing import Listing
from core.rbac.models import ClientGrant
from core.rbac.repository import Repository
from core.testing.kit import TestGym
from core.testing.plugin import QueryCount

SOURCES = ["a", "b", "a%", "A_b", "c/d", "it's"]
PEOPLE = [UUID(int=number) for number in range(1, 7)]
NOW = utc_now()
ENDS = [None, NOW - timedelta(days=1), NOW + timedelta(days=1)]


class Grant(Repository[ClientGrant]):
    """Grants, as if they were rows about their clients."""

    model = ClientGrant
    sorts = {
        "source": ClientGrant.source,
        "expires_at": ClientGrant.expires_at,
        "user_id": ClientGrant.user_id,
    }


def filters() -> dict[str, Any]:
    return {
        "source": ClientGrant.source == given("source"),
        "user_id": ClientGrant.user_id == given("user_id"),
        "q": contains(ClientGrant.source, "q"),
        "ended": ClientGrant.expires_at < given("now"),
        "endless": ClientGrant.expires_at.is_(None),
    }


LISTING = Listing(select(ClientGrant), filters())
ROWS = Listing(select(ClientGrant.id, ClientGrant.source), filters())


@pytest.fixture(autouse=True)
def about_clients() -> Any:
    """Makes grants rows about a client and of a coach for these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientGrant, "__client_column__", "client_id")
        patch.setattr(ClientGrant, "__staff_column__", "user_id")
        yield


@pytest.fixture(scope="module")
def house(app: Palestra, installation: Installation) -> TestGym:
    """A gym with a grant for each of many pairs of people."""
    gym = TestGym(app, installation)
    with gym.unit() as unit:
        unit.add_all(
            ClientGrant(
                user_id=user,
                client_id=client,
                source=SOURCES[(number + client.int) % len(SOURCES)],
                expires_at=ENDS[number % len(ENDS)],
            )
            for number, user in enumerate(PEOPLE[:5])
            for client in PEOPLE
        )
    return gym


def actor(kind: Any, scope: RowScope, person: UUID) -> Actor:
    if kind == "api_key":
        return Actor(kind=kind, scope=scope, api_key_id=person)
    return Actor(kind=kind, scope=scope, user_id=person)


ALL = actor("user", RowScope.ALL, PEOPLE[0])

ACTORS = st.builds(
    actor,
    st.sampled_from(["user", "api_key"]),
    st.sampled_from(list(RowScope)),
    st.sampled_from([*PEOPLE, uuid4()]),
)
WANTED = st.fixed_dictionaries(
    {},
    optional={
        "source": st.sampled_from([None, *SOURCES, "absent"]),
        "user_id": st.sampled_from([None, *PEOPLE]),
        "q": st.sampled_from([None, "", "a", "%", "_", "/", "'", "B", "none of it"]),
        "ended": st.sampled_from([None, True]),
        "endless": st.sampled_from([None, True, False]),
        "nobody_filters_by_this": st.sampled_from([None, 1, "x"]),
    },
)
SORTS = st.lists(
    st.builds(SortKey, st.sampled_from(sorted(Grant.sorts)), st.booleans()), max_size=4
)


def read(
    gym: TestGym,
    wanted: Mapping[str, Any],
    *,
    by: Actor = ALL,
    listing: Listing = LISTING,
    sort: Sequence[SortKey] = (),
    **page: int,
) -> Page:
    """A page of grants as an actor gets it."""
    asked = {"page": 1, "limit": 100, **page}
    with gym.installation.in_gym(gym.id, actor=by):
        return Grant().page(listing, {**wanted, "now": NOW}, sort=sort, **asked)


def plainly(
    gym: TestGym, wanted: Mapping[str, Any], by: Actor, sort: Sequence[SortKey]
) -> list[UUID]:
    """The ids of all rows, by an ordinary SELECT with the values written in."""
    conditions = [_within(by)]
    on = {name: value for name, value in wanted.items() if value is not None}
    if "source" in on:
        conditions.append(ClientGrant.source == on["source"])
    if "user_id" in on:
        conditions.append(ClientGrant.user_id == on["user_id"])
    if "q" in on:
        conditions.append(
            func.strpos(func.lower(ClientGrant.source), on["q"].lower()) > 0
        )
    if "ended" in on:
        conditions.append(ClientGrant.expires_at < NOW)
    if "endless" in on:
        conditions.append(ClientGrant.expires_at.is_(None))
    keys: dict[str, Any] = {}
    last: Any = ClientGrant.id
    for key in sort:
        column = Grant.sorts[key.name]
        if key.name not in keys:
            keys[key.name] = column.desc() if key.descending else column
            last = ClientGrant.id.desc() if key.descending else ClientGrant.id
    with gym.unit():
        return list(
            session().scalars(
                select(ClientGrant.id)
                .where(and_(*conditions))
                .order_by(*keys.values(), last)
            )
        )


def _within(by: Actor) -> Any:
    if by.scope is RowScope.ALL:
        return true()
    own: Any = false() if by.user_id is None else ClientGrant.client_id == by.user_id
    if by.scope is RowScope.OWN:
        return own
    staff: Any = false() if by.user_id is None else ClientGrant.user_id == by.user_id
    holder = by.user_id or by.api_key_id
    granted = select(ClientGrant.client_id).where(
        ClientGrant.user_id == holder,
        func.coalesce(ClientGrant.expires_at, NOW + timedelta(days=9)) > NOW,
    )
    return or_(own, staff, ClientGrant.client_id.in_(granted))


@settings(max_examples=120)
@hypothesis_given(wanted=WANTED, by=ACTORS, sort=SORTS)
def test_it_answers_what_a_plain_select_answers(
    house: TestGym, wanted: dict[str, Any], by: Actor, sort: list[SortKey]
) -> None:
    expected = plainly(house, wanted, by, sort)
    whole = read(house, wanted, by=by, sort=sort)
    assert [row.id for row in whole.items] == expected
    assert whole.total == len(expected)
    second = read(house, wanted, by=by, sort=sort, listing=ROWS, page=2, limit=4)
    assert [row.id for row in second.items] == expected[4:8]
    assert second.total == len(expected)


def test_the_scopes_differ(house: TestGym) -> None:
    """Else the property above would hold for a list that ignores them."""
    counts = {
        (kind, scope): read(house, {}, by=actor(kind, scope, PEOPLE[1])).total
        for kind in ("user", "api_key")
        for scope in RowScope
    }
    assert counts["user", RowScope.ALL] == counts["api_key", RowScope.ALL] == 30
    assert counts["user", RowScope.OWN] == 5
    assert counts["api_key", RowScope.OWN] == 0
    # The grants of the second person have ended, those of the first never do.
    assert counts["user", RowScope.GRANTED] == 10
    assert counts["api_key", RowScope.GRANTED] == 0
    by = actor("api_key", RowScope.GRANTED, PEOPLE[0])
    assert read(house, {}, by=by).total == 30


def test_filters_go_on_with_a_value_and_off_with_none(house: TestGym) -> None:
    assert read(house, {}).total == 30
    assert read(house, {"source": "a"}).total == 5
    assert read(house, {"source": None}).total == 30
    assert read(house, {"source": ""}).total == 0
    assert read(house, {"endless": False}).total == read(house, {"endless": 1}).total
    assert 0 < (read(house, {"endless": True}).total or 0) < 30


def test_a_name_that_is_no_filter_is_only_a_value(house: TestGym) -> None:
    listing = Listing(select(ClientGrant), filters())
    read(house, {"unknown": 1}, listing=listing)
    read(house, {"another": 2}, listing=listing)
    read(house, {}, listing=listing)
    assert len(listing._pages) == 1  # noqa: SLF001 — one statement serves all three


def test_a_value_that_a_condition_lacks_is_said(house: TestGym) -> None:
    with (
        house.installation.in_gym(house.id, actor=ALL),
        pytest.raises(KeyError, match="now"),
    ):
        Grant().page(LISTING, {"ended": True}, page=1, limit=1, sort=())


def test_the_first_of_equal_sort_keys_counts(house: TestGym) -> None:
    down, up = SortKey("source", descending=True), SortKey("source")
    ids = [row.id for row in read(house, {}, sort=[down]).items]
    assert [row.id for row in read(house, {}, sort=[down, up]).items] == ids
    assert [row.id for row in read(house, {}, sort=[up, down]).items] != ids


def test_a_sort_key_that_nobody_offers_is_refused(house: TestGym) -> None:
    with pytest.raises(KeyError):
        read(house, {}, sort=[SortKey("client_id")])


def test_pages_neither_overlap_nor_leave_out(house: TestGym) -> None:
    sort = [SortKey("expires_at", descending=True)]
    whole = [row.id for row in read(house, {}, sort=sort).items]
    pages = [
        row.id
        for page in range(1, 6)
        for row in read(house, {}, sort=sort, page=page, limit=7).items
    ]
    assert pages == whole


@pytest.mark.parametrize("page", [1, 4, 5, 10**6])
def test_a_page_beyond_the_end_is_empty_and_knows_the_total(
    house: TestGym, installation: Installation, page: int
) -> None:
    with QueryCount(installation.databases.app) as count:
        found = read(house, {}, page=page, limit=9)
    assert found.total == 30
    assert len(found.items) == max(0, min(9, 30 - 9 * (page - 1)))
    assert len(count) == 2


def test_a_first_page_that_is_not_full_needs_no_count(
    house: TestGym, installation: Installation
) -> None:
    with QueryCount(installation.databases.app) as count:
        found = read(house, {}, limit=31)
    assert (len(found.items), found.total, len(count)) == (30, 30, 1)


@pytest.mark.parametrize(("page", "statements"), [(1, 1), (2, 1), (99, 2)])
def test_where_a_filter_leaves_few_the_total_is_counted_beside_them(
    house: TestGym, installation: Installation, page: int, statements: int
) -> None:
    narrow = Listing(select(ClientGrant), filters(), few=("endless",))
    whole = read(house, {"endless": True})
    with QueryCount(installation.databases.app) as count:
        found = read(house, {"endless": True}, listing=narrow, page=page, limit=4)
    expected = whole.items[4 * (page - 1) : 4 * page]
    assert [one.id for one in found.items] == [one.id for one in expected]
    assert (found.total, len(count)) == (len(whole.items), statements)


def test_an_empty_list_costs_one_statement(
    house: TestGym, installation: Installation
) -> None:
    with QueryCount(installation.databases.app) as count:
        found = read(house, {"source": "absent"})
    assert (list(found.items), found.total, len(count)) == ([], 0, 1)


def test_it_remembers_no_more_combinations_than_it_may(house: TestGym) -> None:
    listing = Listing(select(ClientGrant), filters())
    values = {"source": "a", "q": "a", "user_id": PEOPLE[0], "endless": True}
    sorts = [
        [SortKey(name, descending=descending)]
        for name in Grant.sorts
        for descending in (True, False)
    ]
    seen = 0
    for size in range(len(values) + 1):
        for names in combinations(values, size):
            wanted = {name: values[name] for name in names}
            for sort in sorts:
                found = read(house, wanted, listing=listing, sort=sort)
                assert [row.id for row in found.items] == plainly(
                    house, wanted, ALL, sort
                )
                seen += 1
                assert len(listing._pages) <= 64  # noqa: SLF001 — its only trace
    assert seen > 64


def test_scopes_do_not_share_a_statement(house: TestGym) -> None:
    listing = Listing(select(ClientGrant), filters())
    for scope in (RowScope.ALL, RowScope.OWN, RowScope.ALL):
        by = actor("user", scope, PEOPLE[1])
        assert read(house, {}, by=by, listing=listing).total == (
            30 if scope is RowScope.ALL else 5
        )
