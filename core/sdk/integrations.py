"""Outside services that gyms set up each for themselves, for plugins.

``Integration`` declares one, for the hook ``integrations``; ``read`` gives services a
gym's settings of it.
"""

from core.errors import ProviderFailed
from core.integrations import Configuration, Integration, read

__all__ = ["Configuration", "Integration", "ProviderFailed", "read"]
