"""The PostgreSQL that comes with the installation: create, start, share, stop.

Layout under ``PALESTRA_HOME/postgres``: ``data`` is the cluster, ``run`` holds the
unix socket, ``server.log`` what the server says, and the ``*.lock`` files carry
kernel locks, so that a killed process never leaves a wrong count behind.
"""

from core.db.embedded.cluster import EmbeddedPostgres
from core.db.embedded.errors import EmbeddedPostgresError

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]
