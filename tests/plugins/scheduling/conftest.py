"""A gym that is open for booking."""

import pytest

from core.testing.kit import TestGym
from tests.plugins.scheduling.studio import Studio


@pytest.fixture
def studio(gym: TestGym) -> Studio:
    """A gym whose client is assigned to its coach, who is always open."""
    return Studio(gym)
