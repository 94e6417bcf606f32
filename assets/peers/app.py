"""Applications that play the requests of a concsim scenario inside another server: WSGI, ASGI and Tornado.

They speak concsim's wire format: `GET /<request>?n=<n>&d=<ns,ns,...>`, one number for each step that has a
duration, already drawn by the load. The steps are in the environment, as JSON. A computation burns the thread's
CPU time, as concsim's does. A `sleep` is `time.sleep`, and a `call` asks one of concsim's services over a socket:
under a sync worker both block the process; under a gevent worker, whose monkey-patching replaces them, they park
the greenlet. ASGI and Tornado await them.

Each worker process counts its answers, and the switches of its greenlets, in a file that concsim reads.
"""

import asyncio
import json
import mmap
import os
import socket
import struct
import sys
import threading
import time
from contextlib import nullcontext
from urllib.parse import parse_qs

HOUR = 3_600_000_000_000

# What concsim's `write` steps send.
FILLER = b"concurrency is not parallelism.\n"

REQUESTS = json.loads(os.environ.get("CONCSIM_REQUESTS", "{}"))
SERVICES = json.loads(os.environ.get("CONCSIM_SERVICES", "[]"))
COUNTERS = {}
CACHE = bytearray()

# A call: its number, the wait in nanoseconds, the number of the request from 0. The answer begins with the number
# of the call, which is not needed: a connection has one call at a time.
CALL = struct.Struct("<QQQ")
ANSWER_BYTES = 32
NO_REQUEST = 0xFFFF_FFFF
SET_UP = 0xFFFF_FFFF_FFFF_FFFF

IS_AWAITED = any(name in sys.modules for name in ("gunicorn.workers.gasgi", "gunicorn.workers.gtornado", "uvicorn"))
MONKEY = sys.modules.get("gevent.monkey")
IS_GEVENT = MONKEY is not None and MONKEY.is_module_patched("socket")
BLOCKING_SLEEP = MONKEY.get_original("time", "sleep") if IS_GEVENT else time.sleep
BLOCKING_SOCKET = MONKEY.get_original("socket", "socket") if IS_GEVENT else socket.socket


class Counts:
    """Counts of this process, which concsim reads: answers to the scenario's requests, switches, and 1 if switches
    are counted."""

    BYTES = 24

    def __init__(self):
        self.pid = os.getpid()
        self.lock = threading.Lock()
        self.words = memoryview(bytearray(self.BYTES)).cast("Q")
        folder = os.environ.get("CONCSIM_COUNTS")
        if folder:
            # The file gets its name when it is complete: concsim may read it at any instant.
            path = os.path.join(folder, str(self.pid))
            with open(path + ".new", "w+b") as file:
                file.truncate(self.BYTES)
                self.words = memoryview(mmap.mmap(file.fileno(), self.BYTES)).cast("Q")
            self.words[2] = not IS_AWAITED
            os.rename(path + ".new", path)
        if IS_GEVENT:
            self.trace_greenlets()

    def trace_greenlets(self):
        """Counts the switches of this thread from now on, except those of the main greenlet, which sends
        gunicorn's heartbeat."""
        import greenlet

        words, main = self.words, greenlet.getcurrent()
        while main.parent is not None:
            main = main.parent

        def count(_, switch):
            if main not in switch:
                words[1] += 1

        greenlet.settrace(count)

    def add_answer(self):
        with self.lock:
            self.words[0] += 1


COUNTS = Counts()


def count_answer():
    """Counts an answer of this process, which may have been forked after the application was loaded."""
    global COUNTS
    if COUNTS.pid != os.getpid():
        COUNTS = Counts()
    COUNTS.add_answer()


def use_core(nanoseconds):
    """Uses CPU time: wall time would pass as well while another process has the core."""
    until = time.thread_time_ns() + nanoseconds
    while time.thread_time_ns() < until:
        pass


# Waits. `play` yields them, and its caller spends the time: blocking, or awaiting.


def sleep(nanoseconds, is_patched):
    return (None, nanoseconds, is_patched)


def call(service, nanoseconds, is_patched):
    return (service, nanoseconds, is_patched)


PAUSE = sleep(0, True)


def play(steps, demands):
    """Plays the steps in order, yields each wait, and returns the body."""
    demands, body = iter(demands), []
    for verb, *values in steps:
        if verb == "compute":
            left = next(demands)
            part = values[1] or left
            while left > part:
                use_core(part)
                left -= part
                yield PAUSE
            use_core(left)
        elif verb == "sleep":
            yield sleep(next(demands), values[1])
        elif verb == "call":
            yield call(values[2], next(demands), values[1])
        elif verb == "count":
            name, with_yield = values
            value = COUNTERS.get(name, 0)
            if with_yield:
                yield PAUSE
            COUNTERS[name] = value + 1
        elif verb == "yield":
            yield PAUSE
        elif verb == "touch":
            touch(*values)
        elif verb == "write":
            body.append((FILLER * (values[0] // len(FILLER) + 1))[: values[0]])
        else:
            raise RuntimeError("this step fails")
    return b"".join(body) or b"played\n"


# Of each service: connections that no request uses, by the kind of socket; and the places for connections.
IDLE = {}
PLACES = {}


def places(service, semaphore):
    """The places of this process for connections to a service: as many as the scenario's `pool`, if it has one."""
    most = SERVICES[service][2]
    return PLACES.setdefault(service, semaphore(most) if most else nullcontext())


def ask(connection, call_number, nanoseconds, number):
    """Calls, and returns when the answer is there."""
    connection.sendall(CALL.pack(call_number, nanoseconds, number))
    left = ANSWER_BYTES
    while left:
        received = len(connection.recv(left))
        if not received:
            raise ConnectionError("a service has ended")
        left -= received


def connect(service, is_patched):
    """Opens a connection, whose set-up may take time."""
    host, port, _, set_up = SERVICES[service]
    connection = (socket.socket if is_patched else BLOCKING_SOCKET)(socket.AF_INET, socket.SOCK_STREAM)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.connect((host, port))
    if set_up:
        ask(connection, SET_UP, set_up, NO_REQUEST)
    return connection


def block(wait, number):
    """Spends a wait as code without `await` does."""
    service, nanoseconds, is_patched = wait
    if service is None:
        (time.sleep if is_patched else BLOCKING_SLEEP)(nanoseconds / 1e9)
        return
    idle = IDLE.setdefault((service, is_patched), [])
    with places(service, threading.Semaphore):
        try:
            connection = idle.pop()
        except IndexError:
            connection = connect(service, is_patched)
        ask(connection, 0, nanoseconds, number)
        idle.append(connection)


async def ask_later(connection, call_number, nanoseconds, number):
    """Calls, and awaits the answer."""
    reader, writer = connection
    writer.write(CALL.pack(call_number, nanoseconds, number))
    await reader.readexactly(ANSWER_BYTES)


async def connect_later(service):
    """Opens a connection without blocking the process."""
    host, port, _, set_up = SERVICES[service]
    connection = await asyncio.open_connection(host, port)
    if set_up:
        await ask_later(connection, SET_UP, set_up, NO_REQUEST)
    return connection


async def spend(wait, number):
    """Spends a wait as code with `await` does."""
    service, nanoseconds, is_patched = wait
    if service is None and is_patched:
        await asyncio.sleep(nanoseconds / 1e9)
    elif service is None:
        time.sleep(nanoseconds / 1e9)
    elif not is_patched:
        idle = IDLE.setdefault((service, is_patched), [])
        connection = idle.pop() if idle else connect(service, is_patched)
        ask(connection, 0, nanoseconds, number)
        idle.append(connection)
    else:
        idle = IDLE.setdefault(service, [])
        async with places(service, asyncio.Semaphore):
            connection = idle.pop() if idle else await connect_later(service)
            await ask_later(connection, 0, nanoseconds, number)
            idle.append(connection)


def touch(size):
    """Lets the cache of this process grow to at least `size` bytes, all written."""
    if size > len(CACHE):
        CACHE.extend(b"\x01" * (size - len(CACHE)))


def demands_of(steps, query):
    """What each step is to spend: the numbers of `d=`, or the steps' own. None if `d` does not fit."""
    table = [step[1] for step in steps if step[0] in ("compute", "sleep", "call")]
    given = query.get("d")
    if given is None:
        return table
    try:
        numbers = [int(number) for number in given[0].split(",")]
    except ValueError:
        return None
    fits = len(numbers) == len(table) and all(0 <= number <= HOUR for number in numbers)
    return numbers if fits else None


class Request:
    """A request: its number, its steps in play, and its answer."""

    def __init__(self, path, query):
        query = parse_qs(query)
        steps = REQUESTS.get(path.lstrip("/"))
        demands = demands_of(steps, query) if steps is not None else []
        number = query.get("n", ["0"])[0]
        self.number = int(number) - 1 if number.isdecimal() and int(number) > 0 else NO_REQUEST
        self.playing = None
        if steps is None:
            self.status, self.body = 404, b"no such request\n"
        elif demands is None:
            self.status, self.body = 400, b"d= does not fit the steps\n"
        else:
            self.status, self.body = 200, b""
            self.playing = play(steps, demands)

    def next_wait(self):
        """The next wait of its steps; None after the last, when its body is known and it counts as answered."""
        if self.playing is None:
            return None
        try:
            return next(self.playing)
        except StopIteration as end:
            self.body = end.value
            count_answer()
            return None

    def block(self):
        while (wait := self.next_wait()) is not None:
            block(wait, self.number)

    async def spend(self):
        while (wait := self.next_wait()) is not None:
            await spend(wait, self.number)

    def headers(self):
        return [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(self.body)))]


REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found"}


def wsgi(environ, start_response):
    request = Request(environ["PATH_INFO"], environ["QUERY_STRING"])
    request.block()
    start_response(f"{request.status} {REASONS[request.status]}", request.headers())
    return [request.body]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    request = Request(scope["path"], scope["query_string"].decode())
    await request.spend()
    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers()]
    await send({"type": "http.response.start", "status": request.status, "headers": headers})
    await send({"type": "http.response.body", "body": request.body})


def tornado():
    from tornado.web import Application, RequestHandler

    class Handler(RequestHandler):
        async def get(self):
            request = Request(self.request.path, self.request.query)
            await request.spend()
            self.set_status(request.status)
            for name, value in request.headers():
                self.set_header(name, value)
            self.finish(request.body)

    return Application([(".*", Handler)])


if "gunicorn.workers.gasgi" in sys.modules:
    application = asgi
elif "gunicorn.workers.gtornado" in sys.modules:
    application = tornado()
else:
    application = wsgi
