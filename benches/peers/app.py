"""A WSGI application that plays the requests of a few scenarios, for gunicorn's workers.

It speaks concsim's wire format: `GET /<request>?n=<n>&d=<ns,ns,...>`, one number for each step that has a
duration, already drawn by the load. A computation burns the thread's CPU time, as concsim's does, and a wait is
`time.sleep`: under a sync worker it blocks the process, under a gevent worker (whose monkey-patching replaces it
before this file is imported) it parks the greenlet.

    gunicorn --workers 2 --worker-class sync   --bind 127.0.0.1:8000 app:application
    gunicorn --workers 2 --worker-class gevent --bind 127.0.0.1:8000 app:application
"""

import time
from urllib.parse import parse_qs

MS = 1_000_000
HOUR = 3_600_000 * MS

# What concsim's `write` steps send.
FILLER = b"concurrency is not parallelism.\n"

# Request -> its steps: (verb, nanoseconds) or ("write", bytes), as the scenario files of the same names have them.
REQUESTS = {
    "hello": [("write", 2)],
    "profile": [("compute", 1 * MS), ("wait", 99 * MS)],
    "page": [("compute", 20 * MS), ("wait", 80 * MS)],
}


def compute(nanoseconds):
    """Uses a core: wall time would pass as well while another process has the core."""
    until = time.thread_time_ns() + nanoseconds
    while time.thread_time_ns() < until:
        pass


def wait(nanoseconds):
    time.sleep(nanoseconds / 1e9)


def demands_of(steps, query):
    """What each step is to spend: the numbers of `d=`, or the table's own. None if `d` does not fit."""
    table = [amount for verb, amount in steps if verb != "write"]
    given = parse_qs(query).get("d")
    if given is None:
        return table
    try:
        numbers = [int(number) for number in given[0].split(",")]
    except ValueError:
        return None
    fits = len(numbers) == len(table) and all(0 <= number <= HOUR for number in numbers)
    return numbers if fits else None


def play(steps, demands):
    """Plays the steps in order, and returns the body."""
    demands, body = iter(demands), []
    for verb, amount in steps:
        if verb == "write":
            body.append((FILLER * (amount // 32 + 1))[:amount])
        elif verb == "compute":
            compute(next(demands))
        else:
            wait(next(demands))
    return b"".join(body) or b"played\n"


def application(environ, start_response):
    steps = REQUESTS.get(environ["PATH_INFO"].lstrip("/"))
    demands = demands_of(steps, environ["QUERY_STRING"]) if steps else []
    if steps is None:
        status, body = "404 Not Found", b"no such request\n"
    elif demands is None:
        status, body = "400 Bad Request", b"d= does not fit the steps\n"
    else:
        status, body = "200 OK", play(steps, demands)
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]
