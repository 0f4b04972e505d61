"""One fresh environment for all tests of this folder."""

import pytest

from tests.examples.stranger import Stranger


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    return Stranger.settle(tmp_path_factory.mktemp("stranger"))
