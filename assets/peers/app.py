"""A WSGI application that plays the requests of a concsim scenario inside another server.

It speaks concsim's wire format: `GET /<request>?n=<n>&d=<ns,ns,...>`, one number for each step that has a
duration, already drawn by the load. The steps are in the environment, as JSON. A computation burns the thread's
CPU time, as concsim's does; a wait is `time.sleep`: under a sync worker it blocks the process, under a gevent
worker, whose monkey-patching replaces it, it parks the greenlet. A `call` is such a wait too: no service is asked.
"""

import json
import os
import time
from urllib.parse import parse_qs

HOUR = 3_600_000_000_000

# What concsim's `write` steps send.
FILLER = b"concurrency is not parallelism.\n"

REQUESTS = json.loads(os.environ.get("CONCSIM_REQUESTS", "{}"))
COUNTERS = {}
CACHE = bytearray()


def unpatched_sleep():
    """`time.sleep` as it was before gevent replaced it."""
    try:
        from gevent.monkey import get_original

        return get_original("time", "sleep")
    except ImportError:
        return time.sleep


BLOCKING_SLEEP = unpatched_sleep()


def compute(nanoseconds, slice_length):
    """Uses a core: wall time would pass as well while another process has the core."""
    left = nanoseconds
    while left > 0:
        part = min(left, slice_length or left)
        until = time.thread_time_ns() + part
        while time.thread_time_ns() < until:
            pass
        left -= part
        if left > 0:
            time.sleep(0)


def wait(nanoseconds, is_patched):
    (time.sleep if is_patched else BLOCKING_SLEEP)(nanoseconds / 1e9)


def count(name, with_yield):
    value = COUNTERS.get(name, 0)
    if with_yield:
        time.sleep(0)
    COUNTERS[name] = value + 1


def touch(size):
    """Lets the cache of this process grow to at least `size` bytes, all written."""
    if size > len(CACHE):
        CACHE.extend(b"\x01" * (size - len(CACHE)))


def demands_of(steps, query):
    """What each step is to spend: the numbers of `d=`, or the steps' own. None if `d` does not fit."""
    table = [step[1] for step in steps if step[0] in ("compute", "wait")]
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
    for verb, *values in steps:
        if verb == "compute":
            compute(next(demands), values[1])
        elif verb == "wait":
            wait(next(demands), values[1])
        elif verb == "count":
            count(*values)
        elif verb == "yield":
            time.sleep(0)
        elif verb == "touch":
            touch(*values)
        elif verb == "write":
            body.append((FILLER * (values[0] // len(FILLER) + 1))[: values[0]])
        else:
            raise RuntimeError("this step fails")
    return b"".join(body) or b"played\n"


def application(environ, start_response):
    steps = REQUESTS.get(environ["PATH_INFO"].lstrip("/"))
    demands = demands_of(steps, environ["QUERY_STRING"]) if steps is not None else []
    if steps is None:
        status, body = "404 Not Found", b"no such request\n"
    elif demands is None:
        status, body = "400 Bad Request", b"d= does not fit the steps\n"
    else:
        status, body = "200 OK", play(steps, demands)
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]
