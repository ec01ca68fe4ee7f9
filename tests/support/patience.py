"""A promise in seconds holds on a quiet machine; on a busy one everything takes longer."""

import os


def busy() -> float:
    """How many times as long things take now: processes that want to run, for each processor; at least 1."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
