"""A gym with milestones."""

import pytest

from core.testing.kit import TestGym
from tests.plugins.milestones.hall import Hall


@pytest.fixture
def hall(gym: TestGym) -> Hall:
    """A gym whose client is assigned to its coach."""
    return Hall(gym)
