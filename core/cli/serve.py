"""``palestra up`` and ``palestra serve``."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from multiprocessing.util import Finalize
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any

import click
import structlog
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from core.app import Installation
from core.app.background import count_requests, start_in_process
from core.app.demo import DEMO_PASSWORD, DEMO_ROLES, create_demo_gyms
from core.app.figures import count_together
from core.cli.processes import await_database, end_with_parent
from core.context import Gym
from core.jobs.loops import Loop, Loops
from core.logging import SERVER_LOG_CONFIG
from core.operations.draining import announce_stop

log = structlog.get_logger(__name__)

_LOOK_AFTER = timedelta(seconds=2)
"""How often a web process looks whether the embedded server still runs."""

_KILL_AFTER_S = 30
"""How long a stopping web process may work on the requests it has."""

_REPEAT_STOP_S = 0.5
"""How often the server is told to stop until it does."""


@click.command()
@click.option("--demo/--no-demo", default=True, help="Create the demo gyms.")
@click.pass_obj
def up(installation: Installation, demo: bool) -> None:  # noqa: FBT001 — click's flag
    """Start everything on this machine: database, migrations, demo gyms, server."""
    _stop_on_sigterm()
    _begin(installation)
    click.echo(f"Starting PostgreSQL under {installation.settings.server.home} …")
    installation.migrations.upgrade(said=lambda line: click.echo(f"  {line}"))
    gyms = create_demo_gyms(installation) if demo else []
    server = installation.settings.server
    _introduce(f"http://{server.host}:{server.port}", gyms)
    _serve(installation)
    click.echo("Stopped.")


@click.command()
@click.pass_obj
def serve(installation: Installation) -> None:
    """Serve HTTP; the database must be up to date."""
    installation.start_without_faulty_plugins()
    _begin(installation)
    await_database(installation)
    require_migrated(installation)
    _serve(installation)


def require_migrated(installation: Installation) -> None:
    """Refuses a database that is not up to date.

    In production a plugin whose own tables are behind, because its upgrade failed, is
    put in quarantine instead: all gyms do without it, and have the rest.

    Raises:
        ClickException: Tables are behind that the platform cannot do without.
    """
    pending = installation.migrations.pending()
    spared = set()
    if installation.settings.server.is_production:
        spared = pending.keys() & installation.plugins.switchable
    for stream, line in pending.items():
        if stream not in spared:
            raise click.ClickException(
                f"The database is not up to date ({line}): run `palestra db upgrade`."
            )
    for plugin_id in sorted(spared):
        reason = f"Its tables are not up to date ({pending[plugin_id]})."
        units = installation.units("operator")
        installation.directory.quarantine(units, plugin_id, reason)
        log.error(
            "plugin.quarantined",
            plugin=plugin_id,
            reason=reason,
            remedy=f"palestra db upgrade, then palestra plugins release {plugin_id}",
        )


def _begin(installation: Installation) -> None:
    """Says what deserves attention, and refuses a port that is taken.

    The web processes share their port, so a second server would start there without
    a word and take half of the requests.
    """
    for warning in installation.settings.warnings:
        click.echo(f"palestra: {warning}", err=True)
    server = installation.settings.server
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((server.host, server.port))
        except OSError as error:
            raise click.ClickException(
                f"Cannot listen on {server.host}:{server.port} ({error.strerror}): "
                "stop what uses it, or set PORT to another one."
            ) from error
    # Before the web processes: the folder is emptied by whoever finds nobody in it,
    # and as long as we are there, a web process that is replaced keeps its counts.
    count_together(installation.settings, "supervisor")


def _introduce(base: str, gyms: Sequence[Gym]) -> None:
    """Prints where everything is, and who may log in."""
    click.echo(f"\nPalestra serves on {base}\n")
    for gym in gyms:
        people = ", ".join(f"{role}@{gym.slug}.example" for role in DEMO_ROLES)
        click.echo(f"{gym.name} ({gym.timezone}, {gym.currency})")
        click.echo(f"  API   {base}/t/{gym.slug}/api/v1")
        click.echo(f"  docs  {base}/t/{gym.slug}/api/v1/docs")
        click.echo(f"  users {people}")
    if gyms:
        click.echo(f"Password of every demo user: {DEMO_PASSWORD}")
    click.echo("Ctrl-C stops everything.\n")


def _serve(installation: Installation) -> None:
    """Runs the web processes until a signal, each with its own connections."""
    settings = installation.settings.server
    installation.databases.dispose()
    sys.stdout.flush()
    _DrainingServer(
        settings.drain,
        "wsgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=settings.threads,
        backlog=1024,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
        log_dictconfig=SERVER_LOG_CONFIG,
        workers_kill_timeout=_KILL_AFTER_S,
    ).serve(target_loader=_load_in_worker, wrap_loader=False)


class _DrainingServer(Granian):  # type: ignore[misc,valid-type]  # its class depends on the system
    """A server that, told to stop, first has ``/ready`` say so for a while.

    The web processes then finish the requests they have, and take no new connection.
    """

    def __init__(self, drain: timedelta, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._drain_s = drain.total_seconds()
        # Safe inside a signal handler; an event's lock may be held by whom it stopped.
        self._told: SimpleQueue[None] = SimpleQueue()
        stopping = threading.Thread(target=self._await_stop, name="stop", daemon=True)
        self.on_startup(stopping.start)

    def signal_handler_interrupt(self, *_arguments: Any, **_options: Any) -> None:
        """Takes SIGTERM and SIGINT; a second one stops at once.

        A web process inherits it by the fork, until it has loaded the application and
        takes signals itself. It has no connection yet, so it simply ends; if it only
        noted the signal, it would start to serve and never stop.
        """
        if os.getpid() != self.pid:
            sys.exit()
        announce_stop()
        self._told.put(None)

    def _await_stop(self) -> None:
        self._told.get()
        if self._drain_s:
            with suppress(Empty):
                self._told.get(timeout=self._drain_s)
        # Again and again: a server that replaces a web process may forget the first.
        while True:
            super().signal_handler_interrupt()
            time.sleep(_REPEAT_STOP_S)


def _load_in_worker() -> Any:
    """Loads the application in a web process, bound to its supervisor.

    A group of its own keeps the terminal's Ctrl-C from it: the supervisor passes the
    stop on, and two signals at once can hang the server. When the supervisor is
    killed, the kernel ends the web process too, which would else keep the port.
    """
    os.setpgrp()
    end_with_parent()
    app = import_module("wsgi").app
    installation = app.extensions["palestra"]
    if installation.settings.database.is_embedded:
        Loops([Loop("postgres", _LOOK_AFTER, installation.keep_server_up)]).start()
    Loops([count_requests(installation)]).start()
    # A forked process runs these, and not what atexit holds.
    Finalize(None, installation.flush_requests, exitpriority=20)
    if installation.settings.jobs.redis_url is None:
        drain = start_in_process(installation)
        Finalize(None, drain.stop, exitpriority=10)
    return app


def _stop_on_sigterm() -> None:
    """Makes SIGTERM before the server runs end the command as Ctrl-C does."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
