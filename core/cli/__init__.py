"""The command ``palestra``."""

from core.cli.main import main

__all__ = ["main"]
