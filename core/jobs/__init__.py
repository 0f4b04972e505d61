"""Jobs: an outbox in the database, a relay, workers, schedules and events.

A job is a row written in the caller's transaction. It is done only when its effect is,
and it comes back when a worker dies or the broker forgets, so nothing is lost and no
effect in the database happens twice.
"""
