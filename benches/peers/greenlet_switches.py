"""Plays byte scripts against a small server made of real greenlets, and counts its switches with `settrace`.

The server is what a gevent worker is, in miniature: the main greenlet is the hub, which polls and accepts; each
connection is a greenlet whose parent is the hub, which tries first and switches to the hub when the socket would
block. Whenever nothing is ready the hub makes the next move of the script with an ordinary socket, outside any
greenlet, so the order of events is the same every time.

Prints one JSON object: script -> {"switches": .., "waits": .., "tasks": ..}. `switches` are the events that greenlet
itself reports; the law is switches == 2 * (waits + tasks).

    python3 greenlet_switches.py byte_scripts.json
"""

import json
import select
import socket
import sys

import greenlet

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nco"
END_OF_HEAD = b"\r\n\r\n"


class Counts:
    def __init__(self):
        self.switches = self.waits = self.tasks = 0

    def trace(self, event, _origin_and_target):
        if event in ("switch", "throw"):
            self.switches += 1


class Hub:
    """The main greenlet: everything that waits, waits here."""

    def __init__(self, counts):
        self.counts = counts
        self.greenlet = greenlet.getcurrent()
        self.waiting = {}
        self.open = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)

    def wait_for(self, connection):
        """Called in a connection's greenlet: comes back when the connection can be read."""
        self.counts.waits += 1
        self.waiting[connection] = greenlet.getcurrent()
        self.greenlet.switch()

    def accept(self):
        connection, _ = self.listener.accept()
        connection.setblocking(False)
        self.counts.tasks += 1
        self.open += 1
        greenlet.greenlet(lambda: self.serve(connection)).switch()

    def serve(self, connection):
        with connection:
            received = b""
            while True:
                received, keep = answer_what_is_there(connection, received)
                if not keep:
                    break
                try:
                    piece = connection.recv(8192)
                except BlockingIOError:
                    self.wait_for(connection)
                    continue
                if not piece:
                    break
                received += piece
        self.open -= 1

    def settle(self):
        """Runs until nothing is ready."""
        while True:
            ready, _, _ = select.select([self.listener, *self.waiting], [], [], 0)
            if not ready:
                return
            for source in ready:
                if source is self.listener:
                    self.accept()
                else:
                    self.waiting.pop(source).switch()


def answer_what_is_there(connection, received):
    """Answers every whole request in `received`: what is left of it, and whether the connection goes on."""
    while END_OF_HEAD in received:
        head, received = received.split(END_OF_HEAD, 1)
        connection.sendall(ANSWER)
        if b"connection: close" in head.lower():
            return received, False
    return received, True


def read_what_is_there(client):
    """A socket that is closed with answers unread resets its connection, which is another story."""
    client.setblocking(False)
    try:
        while client.recv(8192):
            pass
    except BlockingIOError:
        pass


def play(moves):
    counts = Counts()
    hub = Hub(counts)
    greenlet.settrace(counts.trace)
    client = socket.socket()
    for move in moves:
        verb, _, rest = move.partition(":")
        if verb == "connect":
            client.connect(hub.listener.getsockname())
        elif verb == "send":
            client.sendall(rest.encode())
        elif verb == "close":
            read_what_is_there(client)
            client.close()
        elif verb == "settle":
            hub.settle()
        else:
            raise ValueError(f"no such move: {move}")
    greenlet.settrace(None)
    client.close()
    hub.listener.close()
    assert hub.open == 0, "a script ends when its connection has ended"
    return vars(counts)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        scripts = json.load(file)
    json.dump({script["name"]: play(script["moves"]) for script in scripts}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
