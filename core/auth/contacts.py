"""Contacts: the addresses and numbers of a person.

The primary e-mail address and phone number are also on the account, which is what the
rest of the platform reads; both are kept equal here.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.audit.recorder import record_event
from core.auth import links
from core.auth.account_models import AuthLink, ContactType, LinkPurpose, UserContact
from core.auth.emails import key_of, normal_email, normal_phone
from core.auth.errors import (
    ContactIsPrimary,
    ContactNotVerifiable,
    ContactTaken,
    ContactTypeUnknown,
    ContactUnverified,
    EmailTaken,
    RoleNotGrantable,
    TooManyContacts,
)
from core.auth.links import Extra
from core.auth.models import User
from core.auth.repository import users
from core.context import current
from core.db.statement import Statement, given
from core.db.unit import session
from core.errors import AuthRequired, Unprocessable
from core.http.preconditions import require_version
from core.notifications.service import send_mail
from core.rbac.repository import Repository
from core.rbac.roles import may_grant

MOST: Final = 10
"""Contacts of one person."""

EMAIL: Final = "email"
PHONE: Final = "phone"

_RULES: Final = {EMAIL: normal_email, PHONE: normal_phone}

_OF_PERSON = Statement(
    select(UserContact)
    .where(UserContact.user_id == given("user_id"))
    .order_by(UserContact.type, UserContact.is_primary.desc(), UserContact.value_key)
)
_PRIMARY = Statement(
    select(UserContact).where(
        UserContact.user_id == given("user_id"),
        UserContact.type == given("kind"),
        UserContact.is_primary,
    )
)
_WITH_VALUE = Statement(
    select(UserContact).where(
        UserContact.user_id == given("user_id"),
        UserContact.type == given("kind"),
        UserContact.value_key == given("key"),
    )
)
_COUNT = Statement(
    select(func.count(UserContact.id)).where(UserContact.user_id == given("user_id"))
)


class Contacts(Repository[UserContact]):
    """Contacts, in every case by their person."""

    model = UserContact

    def of(self, user_id: UUID) -> list[UserContact]:
        """All of a person, the primary ones first."""
        return self.session.read(_OF_PERSON, user_id=user_id)

    def theirs(self, user_id: UUID, contact_id: UUID) -> UserContact:
        """One of a person, locked until this unit ends.

        Raises:
            NotFound: The person has no such contact.
        """
        row = self.find(contact_id, lock=True)
        if row is None or row.user_id != user_id:
            raise self.missing
        return row

    def primary(self, user_id: UUID, kind: str) -> UserContact | None:
        """The primary one of a type."""
        found: UserContact | None = self.session.read_one(
            _PRIMARY, user_id=user_id, kind=kind
        )
        return found

    def with_value(self, user_id: UUID, kind: str, value: str) -> UserContact | None:
        """The one that says ``value``, in any case."""
        found: UserContact | None = self.session.read_one(
            _WITH_VALUE, user_id=user_id, kind=kind, key=key_of(value)
        )
        return found

    def count(self, user_id: UUID) -> int:
        """How many a person has."""
        return int(self.session.read_value(_COUNT, user_id=user_id))

    def knows_type(self, code: str) -> bool:
        """Says whether the vocabulary holds ``code``."""
        return self.session.get(ContactType, code) is not None

    def save(self) -> None:
        """Writes changes now.

        Raises:
            ContactTaken: The person has the value already, or got another primary
                contact at the same moment.
        """
        try:
            self.session.flush()
        except IntegrityError as error:
            if isinstance(error.orig, UniqueViolation):
                raise ContactTaken from error
            raise


contacts = Contacts()


def mirror(user: User) -> None:
    """Makes the primary contacts say what the account says.

    Call it after the account's address or number was set; a value that is new to the
    person is unverified.
    """
    for kind, value in ((EMAIL, user.email), (PHONE, user.phone)):
        before = contacts.primary(user.id, kind)
        if before is not None and before.value == value:
            continue
        if before is not None:
            contacts.remove(before)
        if value is None:
            continue
        row = contacts.with_value(user.id, kind, value)
        if row is None:
            row = UserContact(user_id=user.id, type=kind, value=value)
            session().add(row)
        row.value, row.is_primary = value, True
    contacts.save()


def list_contacts() -> list[UserContact]:
    """The caller's contacts."""
    user = _caller()
    mirror(user)
    return contacts.of(user.id)


def add_contact(values: Mapping[str, Any]) -> UserContact:
    """Adds a contact of the caller, unverified.

    Whether somebody else uses the address is not asked: it would tell.

    Args:
        values: ``type`` and ``value``.

    Raises:
        ContactTaken: The caller has it already.
        ContactTypeUnknown: There is no such type.
        TooManyContacts: The caller has enough of them.
        Unprocessable: The value cannot exist.
    """
    user = _caller(lock=True)
    mirror(user)
    kind = values["type"]
    if not contacts.knows_type(kind) or kind not in _RULES:
        raise ContactTypeUnknown(details={"type": kind})
    try:
        value = _RULES[kind](values["value"])
    except ValueError as error:
        raise Unprocessable(str(error)) from error
    if contacts.with_value(user.id, kind, value) is not None:
        raise ContactTaken
    if contacts.count(user.id) >= MOST:
        raise TooManyContacts(details={"most": MOST})
    row = UserContact(user_id=user.id, type=kind, value=value)
    session().add(row)
    contacts.save()
    return row


def change_contact(
    contact_id: UUID, changes: Mapping[str, Any], *, if_match: int | None
) -> UserContact:
    """Makes a contact primary, or one that recovers the account.

    A new primary e-mail address is where the person logs in from now on; the old one
    is told, and links that were sent to it end.

    Args:
        contact_id: Of the caller.
        changes: ``is_primary``, ``is_recovery`` or both.
        if_match: The version the caller saw.

    Raises:
        NotFound: The caller has no such contact.
        ContactUnverified: It is an e-mail address that was not verified.
        ContactIsPrimary: It would leave no primary contact.
        EmailTaken: It is another account's address.
        PreconditionFailed: Somebody changed it in the meantime.
    """
    user = _caller(lock=True)
    row = contacts.theirs(user.id, contact_id)
    require_version(row.version, if_match)
    if changes.get("is_primary") is False and row.is_primary:
        raise ContactIsPrimary
    # A phone number gives no access to the account, so it needs no proof.
    if any(changes.values()) and row.type == EMAIL and not row.is_verified:
        raise ContactUnverified
    if changes.get("is_recovery") and row.type != EMAIL:
        raise ContactNotVerifiable
    row.is_recovery = changes.get("is_recovery", row.is_recovery)
    if changes.get("is_primary") and not row.is_primary:
        _make_primary(user, row)
    contacts.save()
    return row


def remove_contact(contact_id: UUID) -> None:
    """Removes a contact of the caller.

    Raises:
        NotFound: The caller has no such contact.
        ContactIsPrimary: It is the primary one of its type.
    """
    user = _caller(lock=True)
    row = contacts.theirs(user.id, contact_id)
    if row.is_primary and row.type == EMAIL:
        raise ContactIsPrimary
    if row.is_primary:
        user.phone = None
    contacts.remove(row)


def ask_to_verify(contact_id: UUID, public_url: str) -> None:
    """Mails a link that verifies an address of the caller.

    Raises:
        NotFound: The caller has no such contact.
        ContactNotVerifiable: It is a phone number.
    """
    user = _caller(lock=True)
    row = contacts.theirs(user.id, contact_id)
    if row.type != EMAIL:
        raise ContactNotVerifiable
    if row.is_verified or links.enough_sent(user.id, LinkPurpose.CONTACT):
        return
    token = links.issue(user.id, LinkPurpose.CONTACT, Extra(contact_id=row.id))
    gym = current().require_gym()
    send_mail(
        template="auth.contact",
        variables={
            "link": links.address_of(gym, public_url, LinkPurpose.CONTACT, token),
            "minutes": links.minutes(LinkPurpose.CONTACT),
        },
        to_address=row.value,
        locale=user.locale,
    )


def verify_by(link: AuthLink) -> None:
    """Marks the contact behind a link as verified; again, it changes nothing.

    Raises:
        NotFound: The contact is gone.
        LinkSpent: The link ran out unused.
    """
    row = contacts.find(link.contact_id, lock=True) if link.contact_id else None
    if row is None:
        raise contacts.missing
    if link.used_at is not None and row.is_verified:
        return
    links.use(link)
    row.is_verified = True
    record_event("auth.verified", "user", row.user_id, {"contactId": row.id})


def verify_primary(user: User) -> None:
    """Marks the account's own address as verified: a link sent there was followed."""
    mirror(user)
    row = contacts.primary(user.id, EMAIL)
    if row is not None:
        row.is_verified = True


def recovery_addresses(user: User) -> list[str]:
    """Further addresses that password links go to."""
    return [
        row.value
        for row in contacts.of(user.id)
        if row.type == EMAIL
        and row.is_recovery
        and row.is_verified
        and not row.is_primary
    ]


def contacts_of(user_id: UUID) -> list[UserContact]:
    """The contacts of a person within the caller's reach.

    Raises:
        NotFound: There is no such account.
    """
    user = users.get(user_id)
    if user.erased_at is None:
        mirror(user)
    return contacts.of(user.id)


def mark_contact(
    user_id: UUID, contact_id: UUID, *, is_verified: bool, if_match: int | None
) -> UserContact:
    """Notes that staff found a phone number to be, or not to be, the person's.

    Raises:
        NotFound: There is no such account, or it has no such contact.
        RoleNotGrantable: The caller may not manage the account.
        ContactNotVerifiable: It is an e-mail address, which only a mail verifies.
        PreconditionFailed: Somebody changed it in the meantime.
    """
    user, here = users.get(user_id), current()
    row = contacts.theirs(user.id, contact_id)
    require_version(row.version, if_match)
    if not may_grant(here.actor, here.require_gym(), user.role):
        raise RoleNotGrantable
    if row.type == EMAIL:
        raise ContactNotVerifiable("An e-mail address is verified by a mail to it.")
    row.is_verified = is_verified
    contacts.save()
    return row


def _make_primary(user: User, row: UserContact) -> None:
    before = contacts.primary(user.id, row.type)
    if before is not None:
        before.is_primary = False
        contacts.save()
    if row.type == EMAIL:
        _move_account(user, row.value)
    else:
        user.phone = row.value
    row.is_primary = True


def _move_account(user: User, address: str) -> None:
    other = users.by_login(address)
    if other is not None and other.id != user.id:
        raise EmailTaken
    old, user.email = user.email, address
    try:
        session().flush()
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            raise EmailTaken from error
        raise
    links.withdraw(user.id, LinkPurpose.RESET, LinkPurpose.VERIFY, LinkPurpose.INVITE)
    record_event("auth.email_changed", "user", user.id)
    send_mail(
        template="auth.email_changed",
        variables={},
        to_address=old,
        locale=user.locale,
    )


def _caller(*, lock: bool = False) -> User:
    user_id = current().actor.user_id
    user = users.find(user_id, lock=lock) if user_id else None
    if user is None:
        raise AuthRequired
    return user
