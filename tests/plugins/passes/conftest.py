"""A gym with a desk."""

import pytest

from core.testing.kit import TestGym
from tests.plugins.passes.desk import Desk


@pytest.fixture
def desk(gym: TestGym) -> Desk:
    """A gym whose client has a coach and holds nothing yet."""
    return Desk(gym)
