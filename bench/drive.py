"""The driver: a process of its own, so that what it costs is not counted as the server's.

It reads one job a line and answers twice: `{}` when all clients are ready (whoever measures reads its meters
and sends a line back), then the result. Turns of a journey go on from job to job: nothing is done twice.
"""

import json
import sys
import threading
import time
from collections import defaultdict
from random import Random
from typing import Any

from bench.client import Browser, Failed
from bench.journeys import JOURNEYS, Journey, begin, hand_in

turns: dict[str, int] = defaultdict(int)  # by journey: how many rounds of clients have been dealt
WARM = 3  # units of each client that are not measured


class Client(threading.Thread):
    """One concurrent session: repeats a journey until the time is over."""

    def __init__(self, job: dict[str, Any], number: int, gate: threading.Barrier) -> None:
        super().__init__(daemon=True)
        self.job, self.number, self.gate = job, number, gate
        self.browser = Browser("127.0.0.1", job["port"])
        self.times: list[float] = []
        self.problem = ""
        self.done = 0
        self.first = turns[job["journey"]]

    def turn(self) -> int:
        """The next number of this client; no other client gets it."""
        self.done += 1
        return self.first + (self.done - 1) * self.job["clients"] + self.number

    def run(self) -> None:
        """Warm up, wait for the others, measure."""
        prepared = None
        try:
            prepared = self.prepare()
        except (Failed, OSError) as problem:
            self.problem = str(problem)
        self.gate.wait()  # everybody is ready
        self.gate.wait()  # the meters have been read
        if not self.problem:
            try:
                self.measure(prepared)
            except (Failed, OSError) as problem:
                self.problem = str(problem)
        self.browser.close()

    def prepare(self) -> list[Any] | None:
        """Warm up; attempts to be submitted are begun and answered here. Units at moments of their own begin
        cold: all clients at once would be more than the entrance lets wait."""
        job = self.job
        if job["spread"]:
            return None
        if job["journey"] == "submit":
            return [begin(self.browser, job["cast"], self.turn()) for _ in range(job["units"])]
        for _ in range(WARM):
            JOURNEYS[job["journey"]](self.browser, job["cast"], self.turn())
        return None

    def measure(self, prepared: list[Any] | None) -> None:
        """Repeat until the time is over, or what was prepared is used up."""
        job, self.browser.requests, self.browser.received = self.job, 0, 0
        end = time.perf_counter() + job["seconds"]
        if prepared is not None:
            for who, attempt in prepared:
                start = time.perf_counter()
                hand_in(self.browser, who, attempt)
                self.times.append(time.perf_counter() - start)
            return
        journey = JOURNEYS[job["journey"]]
        if job["spread"]:
            self.pace(journey)
            return
        while (start := time.perf_counter()) < end:
            journey(self.browser, job["cast"], self.turn())
            self.times.append(time.perf_counter() - start)

    def pace(self, journey: Journey) -> None:
        """This client's part of so many units, each at its moment, drawn the same way for all clients; who is
        refused does not keep the next from trying."""
        job, begun = self.job, time.perf_counter()
        draw = Random(7)
        moments = sorted(draw.uniform(0, job["seconds"]) for _ in range(job["spread"]))
        for moment in moments[self.number :: job["clients"]]:
            time.sleep(max(0.0, begun + moment - time.perf_counter()))
            start = time.perf_counter()
            try:
                journey(self.browser, job["cast"], self.turn())
            except Failed as problem:
                self.problem = str(problem)
                continue
            self.times.append(time.perf_counter() - start)


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job with all its clients; the result as numbers."""
    gate = threading.Barrier(job["clients"] + 1)
    clients = [Client(job, number, gate) for number in range(job["clients"])]
    for client in clients:
        client.start()
    gate.wait()
    say({})
    sys.stdin.readline()
    start = time.perf_counter()
    gate.wait()
    for client in clients:
        client.join()
    seconds = time.perf_counter() - start
    turns[job["journey"]] += max(client.done for client in clients) * job["clients"]
    return {
        "seconds": seconds,
        "times": sorted(at for client in clients for at in client.times),
        "requests": sum(client.browser.requests for client in clients),
        "bytes": sum(client.browser.received for client in clients),
        "problems": [client.problem for client in clients if client.problem],
    }


def say(answer: dict[str, Any]) -> None:
    """One line to whoever measures."""
    print(json.dumps(answer), flush=True)


def main() -> None:
    """Jobs from standard input until it ends; each names a file that holds its cast."""
    casts: dict[str, Any] = {}
    for line in sys.stdin:
        job = json.loads(line)
        if job["cast"] not in casts:
            with open(job["cast"], encoding="utf-8") as file:
                casts[job["cast"]] = json.load(file)
        job["cast"] = casts[job["cast"]]
        say(run(job))


if __name__ == "__main__":
    main()
