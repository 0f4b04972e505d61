"""The operator's HTTP API, ``/platform/v1``: the routes of those who run all gyms."""

from tenants.platform.auth import auth
from tenants.platform.exports import exports
from tenants.platform.gyms import gyms
from tenants.platform.log import log
from tenants.platform.plugins import plugins
from tenants.platform.usage import usage

BLUEPRINTS = (auth, gyms, exports, usage, plugins, log)

__all__ = ["BLUEPRINTS"]
