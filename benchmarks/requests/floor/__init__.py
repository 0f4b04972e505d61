"""The floor: what the works of the benchmark cost when nothing stands in between.

A WSGI application written by hand on psycopg and orjson: no framework, no ORM, no
schema library, no layers. It makes the checks that Palestra makes, runs equal
statements in the same order on the same tables, and does the same around each request
(rate limits, headers, a log line, figures). One connection for each thread, statements
prepared.

There are two of it. The floor runs its statements by psycopg's cursors, one after the
other. The limit takes the shortcuts to libpq that Palestra takes: what opens a
transaction goes out in one flight, rows that nobody reads back go out with its end, and
the end of one that only read is not waited for.

It knows the benchmark's works and no more. Where the data ask for something else (a
second factor, a webhook, a pass that a booking must be paid with), it answers 501 and
does not pretend to have done it.
"""
