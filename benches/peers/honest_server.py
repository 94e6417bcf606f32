"""A server that logs its own truth: each connection that its client opens, each that a worker accepts, and each time
in which a worker computes. Lines in files of a folder: a word, and two stamps of the monotonic clock in nanoseconds
between which it happened. Arguments: the folder, and the seed. Runs until it is killed.
"""

import os
import random
import selectors
import socket
import sys
import time

FOLDER, SEED = sys.argv[1], int(sys.argv[2])
WORKERS = 2
MOST_CLIENTS = 12
now = time.monotonic_ns


def log_of(name):
    file = open(os.path.join(FOLDER, name), "w", buffering=1)
    return lambda word, begin, end: file.write(f"{word} {begin} {end}\n")


def serve(listener, name):
    log, draw = log_of(name), random.Random(f"{SEED} {name}")
    listener.setblocking(False)
    door = selectors.DefaultSelector()
    door.register(listener, selectors.EVENT_READ)
    while True:
        door.select()
        begin = now()
        try:
            client, _ = listener.accept()
        except BlockingIOError:
            continue
        log("accept", begin, now())
        begin, until = now(), time.thread_time_ns() + draw.randrange(20_000_000, 60_000_000)
        while time.thread_time_ns() < until:
            pass
        log("busy", begin, now())
        client.close()
        # Idle for a while, so that the number of busy workers changes.
        time.sleep(draw.uniform(0.0, 0.04))


def visit(address):
    log, draw = log_of("clients"), random.Random(SEED)
    answers = selectors.DefaultSelector()
    due = time.monotonic()
    while True:
        due += draw.expovariate(1 / 0.05)
        while (left := due - time.monotonic()) > 0 or len(answers.get_map()) >= MOST_CLIENTS:
            for key, _ in answers.select(max(left, 0.001)):
                answers.unregister(key.fileobj)
                key.fileobj.close()
        begin = now()
        client = socket.create_connection(address)
        log("connect", begin, now())
        answers.register(client, selectors.EVENT_READ)


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    for worker in range(WORKERS):
        if os.fork() == 0:
            serve(listener, f"worker-{worker}")
    print("ready", flush=True)
    visit(listener.getsockname())


main()
