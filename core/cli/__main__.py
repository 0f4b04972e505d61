"""``python -m core.cli``: the command where it is not on the path."""

from core.cli.main import main

main()
