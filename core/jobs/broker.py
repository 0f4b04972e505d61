"""Dramatiq over Redis: it carries ids to workers, and may forget them.

Retries, delays, time limits and results are the outbox's business, so none of
Dramatiq's middleware is on.
"""

from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

from core.jobs.runtime import JobRef

QUEUE = "palestra"
ACTOR = "palestra.run"
NAMESPACE = "palestra-jobs"

_EPOCH = f"{NAMESPACE}-epoch"
_LEAST_WINDOW = 64
_WINDOW_PER_THREAD = 16

_DEAD_MESSAGES_MS = 3_600_000


def connect(url: str) -> RedisBroker:
    """A broker on this Redis; nothing is sent yet."""
    client = redis.Redis.from_url(
        url,
        socket_connect_timeout=5,
        socket_timeout=15,
        socket_keepalive=True,
        health_check_interval=15,
    )
    return RedisBroker(  # type: ignore[no-untyped-call]  # Dramatiq's own is untyped
        client=client,
        middleware=[],
        namespace=NAMESPACE,
        dead_message_ttl=_DEAD_MESSAGES_MS,
    )


def unreachable(url: str) -> str | None:
    """Says what is wrong with the broker; None when it answers."""
    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=2, socket_timeout=2
        ) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        return f"The broker does not answer: {type(error).__name__}."
    return None


def window_for(threads: int) -> int:
    """How many jobs should be on their way to keep so many worker threads busy."""
    return max(_LEAST_WINDOW, _WINDOW_PER_THREAD * threads)


class RedisSender:
    """Sends jobs to the workers through Redis.

    Args:
        broker: The way.
        window: So many jobs may be on their way at once. The rest waits in the outbox,
            where gyms are served in turn; what lies in Redis is served as it came.
    """

    def __init__(self, broker: RedisBroker, *, window: int) -> None:
        self._broker = broker
        self._window = window
        self._epoch: object = None

    def room(self, queued: Callable[[], int]) -> int:
        """How many more may be on their way."""
        return self._window - queued()

    def send(self, refs: Sequence[JobRef]) -> None:
        """Sends one message for each job."""
        for ref in refs:
            message: dramatiq.Message[None] = dramatiq.Message(
                queue_name=QUEUE,
                actor_name=ACTOR,
                args=(str(ref.tenant_id), str(ref.job_id)),
                kwargs={},
                options={},
            )
            self._broker.enqueue(message)

    def forgot(self) -> bool:
        """Whether Redis lost its keys, known by one that only this method sets."""
        client = self._broker.client
        found = client.get(_EPOCH)
        lost = found is None or self._epoch not in {None, found}
        if found is None:
            # Another relay may be quicker; then its mark is the one that counts.
            client.set(_EPOCH, uuid4().hex, nx=True)
            found = client.get(_EPOCH)
        self._epoch = found
        return lost


def receive(broker: RedisBroker, run: Callable[[JobRef], object]) -> None:
    """Declares the one actor there is: it hands ids to ``run``."""

    def work(tenant_id: str, job_id: str) -> None:
        run(JobRef(UUID(tenant_id), UUID(job_id)))

    dramatiq.Actor(
        work,
        broker=broker,
        actor_name=ACTOR,
        queue_name=QUEUE,
        priority=0,
        options={},
    )
