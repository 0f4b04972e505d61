"""The accounts as an address book for notifications."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Select, select

from core.auth.account_models import UserContact
from core.auth.contacts import PHONE
from core.auth.models import User, UserStatus
from core.db.unit import session
from core.notifications.ports import Recipient


class AccountAddresses:
    """Finds the address, number, name and language of accounts."""

    def recipient(self, user_id: UUID) -> Recipient | None:
        """See ``core.notifications.ports.AddressBook``."""
        return next(iter(self.recipients([user_id])), None)

    def recipients(self, user_ids: Collection[UUID]) -> Sequence[Recipient]:
        """See ``core.notifications.ports.AddressBook``."""
        return _read(_accounts().where(User.id.in_(user_ids)))

    def with_role(self, role: str, *, limit: int) -> Sequence[Recipient]:
        """See ``core.notifications.ports.AddressBook``."""
        in_use = User.status == UserStatus.ACTIVE
        return _read(_accounts().where(User.role == role, in_use).limit(limit))


def _accounts() -> Select[UUID, str, str, str | None, str]:
    """Accounts with the number that was shown to be theirs, if there is one."""
    number = (
        (UserContact.user_id == User.id)
        & (UserContact.type == PHONE)
        & UserContact.is_primary
        & UserContact.is_verified
    )
    return (
        select(User.id, User.email, User.name, User.locale, UserContact.value)
        .outerjoin(UserContact, number)
        .order_by(User.id)
    )


def _read(statement: Select[UUID, str, str, str | None, str]) -> list[Recipient]:
    return [
        Recipient(row.email, row.name, row.locale, row.value, row.id)
        for row in session().execute(statement)
    ]
