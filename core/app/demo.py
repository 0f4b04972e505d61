"""The demo gyms: two gyms with different clocks and money, full of life."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.access import Role
from core.app.installation import Installation
from core.auth.passwords import hash_password
from core.context import SYSTEM, Gym
from core.db.locks import lock_ids
from core.sdk.users import create_user, find_user_by_email

DEMO_PASSWORD = "Palestra-demo-2026!"  # noqa: S105 — printed for whoever tries it out
DEMO_ROLES = (Role.ADMIN, Role.TEAM, Role.COACH, Role.CLIENT)
CLIENTS_PER_COACH = 50


@dataclass(frozen=True, slots=True)
class DemoGym:
    """What a demo gym is made of.

    Attributes:
        off: Plugins that are off at first.
        coaches: Names of its coaches; the first is ``coach@``.
    """

    slug: str
    name: str
    timezone: str
    currency: str
    locale: str
    off: tuple[str, ...]
    coaches: tuple[str, ...]
    team: str
    admin: str


DEMO_GYMS = (
    DemoGym(
        slug="iron-temple",
        name="Iron Temple",
        timezone="America/New_York",
        currency="USD",
        locale="en",
        off=(),
        coaches=("Marcus Webb", "Dana Kowalski", "Tyrell Brooks"),
        team="Priya Shah",
        admin="Olivia Grant",
    ),
    DemoGym(
        slug="lotus-loft",
        name="Lotus Loft",
        timezone="Europe/Berlin",
        currency="EUR",
        locale="de",
        off=("scheduling",),
        coaches=("Jana Vogel", "Elif Demir", "Lukas Brandt"),
        team="Miriam Keller",
        admin="Sabine Hoffmann",
    ),
)

_FIRST = (
    "Ava", "Ben", "Carla", "Deniz", "Emil", "Fatima", "George", "Hanna", "Ivan",
    "Julia", "Kofi", "Lena", "Mateo", "Nora", "Oskar", "Paula", "Quinn", "Rosa",
    "Samir", "Tara", "Uwe", "Vera", "Wen", "Ximena", "Yusuf", "Zoe",
)  # fmt: skip
_LAST = (
    "Adler", "Baker", "Costa", "Diaz", "Engel", "Fischer", "Garcia", "Huber", "Ito",
    "Jensen", "Khan", "Lopez", "Meyer", "Novak", "Okafor", "Patel", "Rossi", "Silva",
    "Tanaka", "Ueda", "Varga", "Wolf", "Yilmaz", "Zimmer",
)  # fmt: skip


def create_demo_gyms(installation: Installation) -> Sequence[Gym]:
    """Creates the demo gyms, or what is missing of them."""
    password_hash = hash_password(DEMO_PASSWORD)
    gyms = []
    for wanted in DEMO_GYMS:
        tenant_id = installation.directory.create(
            installation.units("operator"),
            slug=wanted.slug,
            name=wanted.name,
            timezone=wanted.timezone,
            locale=wanted.locale,
            currency=wanted.currency,
            admin_email=f"admin@{wanted.slug}.example",
            admin_name=wanted.admin,
            admin_password_hash=password_hash,
            plugins_off=wanted.off,
        )
        gyms.append(_fill(installation, tenant_id, wanted, password_hash))
    return gyms


def _fill(
    installation: Installation, tenant_id: UUID, wanted: DemoGym, password_hash: str
) -> Gym:
    """Adds people and lets every plugin add what is its own, even those still off."""
    with installation.in_gym(tenant_id, actor=SYSTEM) as (session, gym):
        lock_ids(session, tenant_id)  # two processes may be starting at once
        if find_user_by_email(f"client@{wanted.slug}.example") is not None:
            return gym
        users = {
            role: [
                create_user(
                    email=email, name=name, role=role, password_hash=password_hash
                ).id
                for email, name in people
            ]
            for role, people in _people(wanted).items()
        }
        installation.plugins.all_gyms.demo_data(gym=gym, users=users)
    return gym


def _people(wanted: DemoGym) -> dict[Role, list[tuple[str, str]]]:
    """E-mail address and name of everybody but the admin, by role."""

    def address(local: str) -> str:
        return f"{local}@{wanted.slug}.example"

    clients = [
        (f"client{number}" if number else "client", _name(number))
        for number in range(CLIENTS_PER_COACH * len(wanted.coaches))
    ]
    return {
        Role.TEAM: [(address("team"), wanted.team)],
        Role.COACH: [
            (address(f"coach{number}" if number else "coach"), name)
            for number, name in enumerate(wanted.coaches)
        ],
        Role.CLIENT: [(address(local), name) for local, name in clients],
    }


def _name(number: int) -> str:
    """A name; the two lists have no common divisor, so it repeats late."""
    return f"{_FIRST[number % len(_FIRST)]} {_LAST[number * 7 % len(_LAST)]}"
