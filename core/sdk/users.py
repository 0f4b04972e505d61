"""Accounts, for plugins whose clients and coaches are users."""

from core.auth.accounts import (
    create_user,
    disable_user,
    find_user_by_email,
    name_of,
    user_exists,
)
from core.auth.errors import EmailTaken, PasswordTooWeak, UsernameTaken
from core.auth.models import User, UserStatus

__all__ = [
    "EmailTaken",
    "PasswordTooWeak",
    "User",
    "UserStatus",
    "UsernameTaken",
    "create_user",
    "disable_user",
    "find_user_by_email",
    "name_of",
    "user_exists",
]
