"""The accounts as an address book for notifications."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from core.auth.account_models import UserContact
from core.auth.contacts import PHONE
from core.auth.models import User, UserStatus
from core.db.statement import Statement, among, given
from core.db.unit import session
from core.notifications.ports import Recipient

_ACCOUNTS: Final = (
    select(User.id, User.email, User.name, User.locale, UserContact.value)
    .outerjoin(
        UserContact,
        (UserContact.user_id == User.id)
        & (UserContact.type == PHONE)
        & UserContact.is_primary
        & UserContact.is_verified,
    )
    .order_by(User.id)
)
"""Accounts with the number that was shown to be theirs, if there is one."""

_THESE = Statement(_ACCOUNTS.where(among(User.id, "user_ids")))
_WITH_ROLE = Statement(
    _ACCOUNTS.where(
        User.role == given("role"), User.status == UserStatus.ACTIVE.value
    ).limit(given("limit"))
)


class AccountAddresses:
    """Finds the address, number, name and language of accounts."""

    def recipient(self, user_id: UUID) -> Recipient | None:
        """See ``core.notifications.ports.AddressBook``."""
        return next(iter(self.recipients([user_id])), None)

    def recipients(self, user_ids: Collection[UUID]) -> Sequence[Recipient]:
        """See ``core.notifications.ports.AddressBook``."""
        return _read(_THESE, user_ids=list(user_ids))

    def with_role(self, role: str, *, limit: int) -> Sequence[Recipient]:
        """See ``core.notifications.ports.AddressBook``."""
        return _read(_WITH_ROLE, role=role, limit=limit)


def _read(statement: Statement, **values: Any) -> list[Recipient]:
    return [
        Recipient(row.email, row.name, row.locale, row.value, row.id)
        for row in session().read(statement, **values)
    ]
