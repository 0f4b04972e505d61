"""The test kit: real database, fresh gyms, clients for every role.

Load it with ``pytest_plugins = ["core.testing.plugin"]`` in the root ``conftest.py``.
"""

import pytest

from core.clock import frozen_at

# Their assertions then show what was found, as those of test files do.
pytest.register_assert_rewrite(
    "core.testing.background", "core.testing.contract", "core.testing.kit"
)

__all__ = ["frozen_at"]
