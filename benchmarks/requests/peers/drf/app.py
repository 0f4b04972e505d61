"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

from benchmarks.requests.peers.common.http import configure_logging

configure_logging()
os.environ.setdefault(  # noqa: TID251 — the one way to tell Django its settings
    "DJANGO_SETTINGS_MODULE", "benchmarks.requests.peers.drf.settings"
)

app = application = get_wsgi_application()
