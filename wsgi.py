"""The WSGI entry point: settings, then the application, nothing else."""

from core.app import create_app

app = create_app()
