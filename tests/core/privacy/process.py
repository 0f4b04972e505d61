"""A worker process that is killed in the middle of an erasure."""

import os
import signal
import sys
from dataclasses import replace
from uuid import UUID

from core.app import Installation
from core.app.background import runtime_of
from core.config import Settings
from core.jobs.runner import Runner
from core.jobs.runtime import JobRef
from core.privacy.holders import Holder, Privacy


class Kills:
    """Hooks of a plugin after whose work the machine loses power."""

    def erase_person(self, **_given: object) -> list[list[str]]:
        os.kill(os.getpid(), signal.SIGKILL)
        return []


def main(tenant_id: str, job_id: str) -> None:
    with Installation(Settings.load()) as installation:
        before = installation.services.get(Privacy)
        *plugins, core = before.holders
        deadly = [*plugins, Holder("odd", "Odd", hooks=Kills()), core]
        installation.services.put(Privacy, replace(before, holders=deadly))
        ref = JobRef(UUID(tenant_id), UUID(job_id))
        Runner(runtime_of(installation)).run(ref)


if __name__ == "__main__":
    main(*sys.argv[1:])
