"""One's own contacts, and those of others for staff."""

from typing import Any
from uuid import UUID

from core.auth.account_models import UserContact
from core.auth.account_schemas import (
    ContactBody,
    ContactMark,
    ContactOut,
    ContactPatch,
    StatusOut,
)
from core.auth.contacts import (
    add_contact,
    ask_to_verify,
    change_contact,
    contacts_of,
    list_contacts,
    mark_contact,
    remove_contact,
)
from core.auth.endpoints.access import settings
from core.auth.endpoints.registration import ACCEPTED
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
from core.auth.permissions import READ, UPDATE
from core.errors import NotFound, PreconditionFailed, Unprocessable
from core.http.blueprint import Blueprint

my_contacts = Blueprint("my_contacts", prefix="/me/contacts", tag="My account")
user_contacts = Blueprint(
    "user_contacts", prefix="/users/<uuid:user_id>/contacts", tag="Users"
)

_CONTACT = {
    "id": "01a00000-0000-7000-8000-000000000004",
    "type": "email",
    "value": "ada@example.com",
    "isPrimary": True,
    "isRecovery": False,
    "isVerified": True,
    "createdAt": "2026-03-01T09:00:00Z",
    "updatedAt": "2026-03-01T09:00:00Z",
    "version": 1,
}


@my_contacts.get(
    summary="My contacts",
    signed_in=True,
    returns=ContactOut,
    many=True,
    example=[_CONTACT],
)
def index() -> list[UserContact]:
    """E-mail addresses and phone numbers, the primary ones first."""
    return list_contacts()


@my_contacts.post(
    summary="Add a contact",
    signed_in=True,
    body=ContactBody,
    returns=ContactOut,
    status=201,
    errors=[ContactTaken, ContactTypeUnknown, TooManyContacts, Unprocessable],
    example={**_CONTACT, "isPrimary": False, "isVerified": False},
    request_example={"type": "email", "value": "ada@work.example"},
)
def create(body: dict[str, Any]) -> UserContact:
    """It is unverified at first. A phone number needs its country code."""
    return add_contact(body)


@my_contacts.patch(
    "/<uuid:contact_id>",
    summary="Make a contact primary or a recovery one",
    signed_in=True,
    body=ContactPatch,
    returns=ContactOut,
    versioned=True,
    errors=[
        NotFound,
        ContactIsPrimary,
        ContactNotVerifiable,
        ContactUnverified,
        EmailTaken,
        PreconditionFailed,
    ],
    example=_CONTACT,
    request_example={"isPrimary": True},
)
def change(contact_id: UUID, body: dict[str, Any], if_match: int | None) -> UserContact:
    """An e-mail address must be verified before.

    A new primary one is what I log in with from then on; a mail to the old one says
    so. Password links go to verified recovery addresses too.
    """
    return change_contact(contact_id, body, if_match=if_match)


@my_contacts.delete(
    "/<uuid:contact_id>",
    summary="Remove a contact",
    signed_in=True,
    status=204,
    errors=[NotFound, ContactIsPrimary],
)
def remove(contact_id: UUID) -> None:
    """The primary e-mail address stays until another one takes its place."""
    remove_contact(contact_id)


@my_contacts.post(
    "/<uuid:contact_id>/verify",
    summary="Send a verification mail to a contact",
    signed_in=True,
    returns=StatusOut,
    status=202,
    errors=[NotFound, ContactNotVerifiable],
    example=ACCEPTED,
)
def verify(contact_id: UUID) -> dict[str, str]:
    """The link in it works once, for 15 minutes.

    Phone numbers are not verified this way; the gym's team marks them.
    """
    ask_to_verify(contact_id, settings().server.public_url)
    return ACCEPTED


@user_contacts.get(
    summary="Contacts of a person",
    permission=READ,
    returns=ContactOut,
    many=True,
    errors=[NotFound],
    example=[_CONTACT],
)
def show(user_id: UUID) -> list[UserContact]:
    """Of anybody within the caller's reach."""
    return contacts_of(user_id)


@user_contacts.patch(
    "/<uuid:contact_id>",
    summary="Mark a contact of a person as verified",
    permission=UPDATE,
    body=ContactMark,
    returns=ContactOut,
    versioned=True,
    errors=[NotFound, ContactNotVerifiable, PreconditionFailed, RoleNotGrantable],
    example={**_CONTACT, "type": "phone", "value": "+4930123456"},
    request_example={"isVerified": True},
)
def mark(
    user_id: UUID, contact_id: UUID, body: dict[str, Any], if_match: int | None
) -> UserContact:
    """For phone numbers that staff called; e-mail addresses are verified by mail."""
    return mark_contact(
        user_id, contact_id, is_verified=body["is_verified"], if_match=if_match
    )
