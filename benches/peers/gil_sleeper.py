"""Prints how long a sleep of 1 ms takes alone, and beside a thread that computes, in ms.

A thread that computes has the global interpreter lock. The sleeper wakes, waits for the lock for the switch
interval, and requests it: 1 ms + 5 ms, since CPython 3.2.
"""

import sys
import threading
import time

SLEEPS = 300
SLEEP = 0.001


def sleeps():
    """Returns the lengths of all sleeps, in order of length."""
    lengths = []
    for _ in range(SLEEPS):
        began = time.monotonic()
        time.sleep(SLEEP)
        lengths.append((time.monotonic() - began) * 1000)
    return sorted(lengths)


def report(name, lengths):
    quantiles = [lengths[len(lengths) * percent // 100] for percent in (10, 50, 90)]
    print(name, *(f"p{p} {q:.2f} ms" for p, q in zip((10, 50, 90), quantiles)))


def compute(ends):
    while not ends.is_set():
        pass


print(sys.version.split()[0], f"switch interval {sys.getswitchinterval() * 1000:g} ms")
report("alone:", sleeps())
ends = threading.Event()
computing = threading.Thread(target=compute, args=(ends,))
computing.start()
report("beside a computing thread:", sleeps())
ends.set()
computing.join()
