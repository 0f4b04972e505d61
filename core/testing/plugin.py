"""The pytest plugin: fixtures over one migrated database for each test process."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from core.app import Installation, create_app
from core.db.driver import watch
from core.http.pipeline import Palestra
from core.testing.emitted import Emitted, emitted_in
from core.testing.kit import TestGym
from core.testing.server import TestServer, exclusively, test_server

if TYPE_CHECKING:
    from core.testing.mail import MailServer

TEMPLATE = "palestra_template"


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the processes of one run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Iterator[TestServer]:
    """The PostgreSQL server of this run."""
    with test_server(run_folder / "home") as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: TestServer, run_folder: Path) -> str:
    """Name of a migrated, empty database; made by whoever comes first."""
    with exclusively(run_folder / "template.lock"):
        ready = run_folder / "template.ready"
        if not ready.exists():
            postgres.query(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
            from core.db import roles  # noqa: PLC0415

            roles.ensure(postgres.admin, TEMPLATE)
            settings = postgres.settings(TEMPLATE, run_folder / "template")
            with Installation(settings) as installation:
                installation.migrations.upgrade()
            ready.touch()
    return TEMPLATE


@pytest.fixture(scope="session")
def installation(
    postgres: TestServer, template: str, run_folder: Path
) -> Iterator[Installation]:
    """An installation on a database of this process's own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    database = f"palestra_{worker}"
    postgres.copy(template, database)
    home = run_folder / worker
    shutil.rmtree(home, ignore_errors=True)
    with Installation(postgres.settings(database, home)) as built:
        yield built


@pytest.fixture(scope="session")
def app(installation: Installation) -> Palestra:
    """The application, as it is served."""
    return create_app(installation=installation)


@pytest.fixture
def gym(app: Palestra, installation: Installation) -> TestGym:
    """A fresh gym."""
    return TestGym(app, installation)


@pytest.fixture
def other_gym(app: Palestra, installation: Installation) -> TestGym:
    """Another fresh gym, which must never see the first one's data."""
    return TestGym(app, installation)


@pytest.fixture
def new_gym(app: Palestra, installation: Installation) -> Callable[[], TestGym]:
    """Makes as many gyms as a test needs."""
    return lambda: TestGym(app, installation)


@pytest.fixture
def count_queries(installation: Installation) -> Callable[[], "QueryCount"]:
    """Makes counters; each counts the statements of its ``with`` block."""
    return lambda: QueryCount(installation.databases.app)


@pytest.fixture
def mailbox(installation: Installation) -> Iterator["MailServer"]:
    """A mail server to which the installation mails in this test.

    It needs the extra ``palestra[testing]``, as nothing else of the kit does.
    """
    from core.testing.mail import captured_mail  # noqa: PLC0415

    with captured_mail(installation) as server:
        yield server


@pytest.fixture
def events(
    installation: Installation,
) -> Callable[[], AbstractContextManager[Emitted]]:
    """Makes blocks that note which events were emitted in them."""
    return lambda: emitted_in(installation)


class QueryCount:
    """The statements that went out while the block ran.

    Attributes:
        statements: Their text, without the message that opens the transaction.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.statements: list[str] = []
        self._watching = ExitStack()

    def __enter__(self) -> Self:
        event.listen(self._engine, "before_cursor_execute", self._note)
        self._watching.enter_context(watch(self.statements.append))
        return self

    def __exit__(self, *_exception: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)
        self._watching.close()

    def __len__(self) -> int:
        return len(self.statements)

    def _note(self, *arguments: object) -> None:
        self.statements.append(str(arguments[2]))
