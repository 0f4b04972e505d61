"""Operators as callers: good ones, and those who are not any more."""

from core.testing.kit import ApiClient, TestGym
from core.testing.matrix import Caller
from tenants.operators import disable
from tests.tenants.operating import desk_of, new_operator


def operators_of(gym: TestGym) -> list[Caller]:
    """An operator, one who was disabled, and one who logged out."""
    installation, desk = gym.installation, desk_of(gym.app)
    good, disabled, gone = (new_operator(installation) for _ in range(3))
    tokens = [desk.issue(one) for one in (good, disabled, gone)]
    disable(installation.units("operator"), disabled.email)
    desk.log_out(gone.id)
    names = ("an operator", "a disabled operator", "an operator who logged out")
    return [
        Caller(name, ApiClient(gym.app, gym.slug, token), operator=name == names[0])
        for name, token in zip(names, tokens, strict=True)
    ]
