"""Plays an M/M/4 queue with SimPy, once for every line that it is given.

Prints one line about itself; then, for each line of "<seed> <customers> <arrivals per second> <services per second>",
one of "<seconds of CPU> <mean time in the system, in seconds>". What is timed is the simulation, from an empty
environment to the last customer: not the start of Python, nor the imports.

    echo 1 100000 320 100 | python3 simpy_mm4.py
"""

import platform
import random
import sys
import time

import simpy

SERVERS = 4


def play(chance, count, arrivals, services):
    """The mean time in the system of so many customers."""
    env = simpy.Environment()
    servers = simpy.Resource(env, capacity=SERVERS)
    total = 0.0

    def customer():
        nonlocal total
        came = env.now
        with servers.request() as mine:
            yield mine
            yield env.timeout(chance.expovariate(services))
        total += env.now - came

    def source():
        for _ in range(count):
            yield env.timeout(chance.expovariate(arrivals))
            env.process(customer())

    env.process(source())
    env.run()
    return total / count


def main():
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"SimPy {simpy.__version__}, {python}", flush=True)
    for line in sys.stdin:
        seed, count, arrivals, services = line.split()
        chance = random.Random(int(seed))
        begin = time.process_time()
        mean = play(chance, int(count), float(arrivals), float(services))
        print(time.process_time() - begin, mean, flush=True)


if __name__ == "__main__":
    main()
