"""A worker process that is killed between the mail server's yes and its own note."""

import os
import signal
import sys
from dataclasses import dataclass, replace
from email.message import EmailMessage
from uuid import UUID

from core.app import Installation
from core.auth.addresses import AccountAddresses
from core.config import Settings
from core.jobs.registry import Registry
from core.jobs.runner import Runner
from core.jobs.runtime import JobRef, Runtime
from core.notifications import actors
from core.notifications.office import PostOffice
from core.notifications.transport import Transport


@dataclass(frozen=True)
class Dies:
    """Sends, and does not live to tell."""

    way: Transport

    def send(self, message: EmailMessage) -> None:
        self.way.send(message)
        os.kill(os.getpid(), signal.SIGKILL)


def main(tenant_id: str, job_id: str) -> None:
    settings = Settings.load()
    with Installation(settings) as installation:
        office = PostOffice.of(settings, folders=(), addresses=AccountAddresses())
        dying = replace(office, transport=Dies(office.transport))
        installation.services.put(PostOffice, dying)
        runtime = Runtime(
            units=installation.units(),
            operator=installation.units("operator"),
            in_gym=installation.in_gym,
            gyms=list,
            registry=Registry(actors),
        )
        Runner(runtime).run(JobRef(UUID(tenant_id), UUID(job_id)))


if __name__ == "__main__":
    main(*sys.argv[1:])
