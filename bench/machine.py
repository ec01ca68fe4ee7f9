"""This machine, and what processes on it have used."""

import os
import platform
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")


def facts() -> dict[str, Any]:
    """What a figure measured here depends on."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": model,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "revision": revision.stdout.strip(),
        "load": round(os.getloadavg()[0], 1),
    }


def _stat(pid: int) -> tuple[int, float] | None:
    """(parent, CPU seconds of this process and of its children that have ended)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1]), sum(int(fields[place]) for place in (11, 12, 13, 14)) / TICK


def cpu_seconds(*roots: int) -> float:
    """CPU used so far by these processes and all below them."""
    found = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and (stat := _stat(int(path.name))):
            found[int(path.name)] = stat
    total, wanted = 0.0, set(roots)
    while wanted:
        total += sum(found[pid][1] for pid in wanted if pid in found)
        wanted = {pid for pid, (parent, _used) in found.items() if parent in wanted}
    return total


def pss_megabytes(*roots: int) -> float:
    """Memory of these processes and all below them, shared pages counted once among those who share them."""
    parents = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and (stat := _stat(int(path.name))):
            parents[int(path.name)] = stat[0]
    total, wanted = 0, set(roots)
    while wanted:
        total += sum(_pss(pid) for pid in wanted)
        wanted = {pid for pid, parent in parents.items() if parent in wanted}
    return total / 1024


def _pss(pid: int) -> int:
    """kB of one process; 0 when it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
