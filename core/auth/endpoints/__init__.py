"""The routes of accounts, log-ins and keys."""

from core.auth.endpoints.apikeys import api_keys
from core.auth.endpoints.contacts import my_contacts, user_contacts
from core.auth.endpoints.jwks import jwks
from core.auth.endpoints.login import auth
from core.auth.endpoints.me import me, users_me
from core.auth.endpoints.recovery import recovery
from core.auth.endpoints.registration import registration
from core.auth.endpoints.totp import totp
from core.auth.endpoints.users import users
from core.http.blueprint import Blueprint

blueprints: list[Blueprint] = [
    jwks,
    auth,
    registration,
    recovery,
    totp,
    me,
    users_me,
    my_contacts,
    users,
    user_contacts,
    api_keys,
]

__all__ = ["blueprints"]
