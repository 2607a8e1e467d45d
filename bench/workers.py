# SPDX-License-Identifier: Apache-2.0
"""What the comparisons share: programs that answer on demand, their turns, and intervals of ratios."""
import random
import statistics
import subprocess
import sys
import time

# Worker threads of a peer go on spinning after its turn; the next one waits until they sleep.
PAUSE_SECONDS = 0.4


class Worker:
    """A program that reads a case a line and answers with seconds, then numbers to compare."""

    def __init__(self, name, command, stderr=None):
        self.name = name
        self.start = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True)

    def ask(self, case):
        self.process.stdin.write(case + "\n")
        self.process.stdin.flush()
        parts = self.process.stdout.readline().split()
        if not parts:
            sys.exit(f"{self.name} died on {case}")
        return float(parts[0]), [float(value) for value in parts[1:]]

    def peak_mib(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmHWM"):
                return round(int(line.split()[1]) / 1024)
        return float("nan")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def take_turns(workers, case, rounds):
    """Seconds of each worker, round by round: A, B, A, B, …"""
    seconds = [[] for _ in workers]
    for _ in range(rounds):
        for worker, own in zip(workers, seconds):
            time.sleep(PAUSE_SECONDS)
            own.append(worker.ask(case)[0])
    return seconds


def interval(ratios):
    """Bootstrap 95 % interval of their median."""
    rng = random.Random(0)
    medians = sorted(statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(2000))
    return medians[50], medians[1949]
