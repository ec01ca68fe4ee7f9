"""What a run found, for people and as JSON."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.floors import Verdict
from bench.peers import PEERS
from bench.units import UNITS

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def head(results: dict[str, Any]) -> str:
    """The machine, and how much of it was free."""
    machine = results["machine"]
    lines = [
        f"{machine['cores']} cores, {machine['processor']}; revision {machine['revision']}",
        f"Python {machine['python']}; SQLite {machine['sqlite']}; PostgreSQL "
        f"{results.get('postgresql', 'not used')}; gunicorn, 2 processes of threads",
        f"{results['rounds']} rounds of {results['seconds']} s, medians; data in {results['place']}; "
        f"load average before: {machine['load']}",
    ]
    if machine["load"] > 0.5:
        lines.append("The machine was BUSY with other work: read ratios only, and those with care.")
    return "\n".join(lines)


def table(kind: str, part: dict[str, Any]) -> str:
    """The units of one database. Times and CPU in ms."""
    heading = (
        f"{'unit':<16}{'requests':>9}{'statements':>11}{'bytes':>9}{'units/s c=1':>12}{'c=8':>8}"
        f"{'p50/p95 c=1':>15}{'p50/p95 c=8':>15}{'CPU c=1':>9}{'c=8':>7}{'x bare':>8}"
    )
    lines = ["", NAMES[kind], heading]
    for unit in UNITS:
        one, eight = (part["units"][unit.key][level] for level in ("c1", "c8"))
        ratio = part["units"][unit.key].get("ratio")
        lines.append(
            f"{unit.key:<16}{one['requests']:>9.0f}{part['statements'].get(unit.key, '-'):>11}"
            f"{one['bytes']:>9.0f}{one['rate']:>12.1f}{eight['rate']:>8.1f}{_pair(one):>15}{_pair(eight):>15}{one['cpu']:>9.2f}"
            f"{eight['cpu']:>7.2f}{f'{ratio:.2f}' if ratio else '':>8}"
        )
    storm, history, cold, memory = (part[key] for key in ("storm", "history", "cold", "memory"))
    lines += [
        f"home p95 quiet {storm['quiet_p95']:.1f} ms, during 8 parallel logins ({storm['logins']:.0f}/s) "
        f"{storm['storm_p95']:.1f} ms: {storm['ratio']:.2f} x",
        *(
            f"{name} with 10 entries {one['p50_10']:.1f} ms, with 1,000 {one['p50_1000']:.1f} ms: "
            f"{one['ratio']:.2f} x"
            for name, one in history.items()
        ),
        f"memory after load: bare {memory['bare']:.0f} MB, pbtrain {memory['pbtrain']:.0f} MB: "
        f"{memory['ratio']:.2f} x; {memory.get('requests', 0):,} more requests {memory['growth']:+.1f} %",
        f"cold start: bare {cold['bare']:.2f} s, pbtrain {cold['pbtrain']:.2f} s: {cold['ratio']:.2f} x",
    ]
    if posted := part.get("ledger"):
        said = {
            "bare": "bare insert and sums",
            "sql": "by SQL through the guards",
            "batch": "500 at once",
            "single": "one",
        }
        rates = (f"{said[way]} {one['rate']:,}/s ({1 / one['ratio']:.0%})" for way, one in posted.items())
        lines.append("posting, eight clients: " + ", ".join(rates))
    if posted := part.get("crowd"):
        lines.append(crowd(posted))
    if signed_in := part.get("surge"):
        lines.append(surge(signed_in))
    if signed_in := part.get("door"):
        lines.append(door(signed_in))
    return "\n".join(lines)


def crowd(found: dict[str, Any]) -> str:
    """Classes posted by eight clients, and by one."""
    return (
        f"classes of 100 from 300 shared branches, {found['lines']:,} lines: one client "
        f"{found['one']:.2f} s, eight {found['many']:.2f} s: {found['ratio']:.2f} x; lost {found['lost']}"
    )


def surge(found: dict[str, Any]) -> str:
    """Five hundred people signing in at the entrance, beside the home page."""
    return (
        f"{found['people']} sign-ins in {found['seconds']:g} s (p50 {found['p50']:.0f} ms, p95 "
        f"{found['p95']:.0f} ms, {found['failed']} failed): home p95 quiet {found['quiet_p95']:.1f} ms, "
        f"meanwhile {found['busy_p95']:.1f} ms: {found['ratio']:.2f} x"
    )


def door(found: dict[str, Any]) -> str:
    """Five hundred people signing in."""
    return (
        f"500 people at the door in {found['seconds']:g} s: p50 {found['p50']:.1f} ms, "
        f"p95 {found['p95']:.1f} ms: {found['ratio']:.2f} x; refused {found['refused']}, "
        f"lost {found['lost']}, doubled {found['doubled']}"
    )


def region(found: dict[str, Any]) -> str:
    """What was measured on a region, beside what each is held against. CPU in ms."""
    lines = ["", "A region" + ("" if found["made"] else " that was there before")]
    said = {
        "member_home": "home, small site and region",
        "heartbeat": "heartbeat, small site and region",
        "submit": "quiz handed in, small site and region",
        "own_ledger": "own ledger, small site and region",
        "dashboard": "dashboard, one branch and the whole",
        "list": "roster, first page and a far one",
    }
    for name, one in (found["growth"] | {key: found[key] for key in ("dashboard", "list")}).items():
        own, limit = one["own"], one["limit"]
        lines.append(
            f"{said[name]:<40}CPU {limit['cpu']:>7.2f} {own['cpu']:>7.2f}   p50 {limit['p50']:>7.1f} "
            f"{own['p50']:>7.1f}   {one['ratio']:.2f} x"
        )
    file, sums, whole, posted, roster = (
        found[key] for key in ("export", "figures", "verification", "posting", "import")
    )
    lines += [
        f"export of {file['rows']:,} people: driver {file['raw']:.0f}, file {file['own']:.0f} "
        f"({file['row']:.1f} µs a row): {file['ratio']:.2f} x; adds {file['added']:.1f} MB",
        f"figures: plain grouping {sums['raw']:.0f}, refresh {sums['own']:.0f}: {sums['ratio']:.2f} x",
        f"verification of {whole['lines']:,} lines: plain sum {whole['raw']:.2f} s, ours "
        f"{whole['own']:.2f} s: {whole['ratio']:.2f} x; adds {whole['added']:.0f} MB; "
        f"{whole['findings']} findings",
        f"posting 50 people {posted['few']:.0f}, 500 people {posted['many']:.0f}: {posted['ratio']:.2f} x",
        f"import of {roster['rows']:,} people: csv and INSERT {roster['raw']:.0f}, ours {roster['own']:.0f} "
        f"({roster['row']:.2f} ms CPU, {roster['wall']:.2f} ms a row)",
    ]
    return "\n".join(lines)


def _pair(sample: dict[str, Any]) -> str:
    return f"{sample['p50']:.1f}/{sample['p95']:.1f}"


def wire(found: dict[str, Any]) -> str:
    """First and repeated load on a slow line."""
    lines = ["", "The wire: Chromium 390 x 844, 400 ms, 400 kbit/s, CPU slowed 4 times"]
    for name in ("bare", "pbtrain"):
        for load in ("first", "repeat"):
            one = found[name][load]
            ratio = f"  {one['ratio']:.2f} x bare" if "ratio" in one else ""
            lines.append(
                f"{name + ', ' + load:<18}{one['requests']:>3.0f} requests {one['bytes']:>8.0f} bytes  "
                f"first paint {one['fcp'] / 1000:.2f} s{ratio}"
            )
    return "\n".join(lines)


def peers() -> str:
    """Recorded figures beside ours; nothing is judged by them."""
    lines = ["", "Others, indicative, recorded on another day (units/s at c=1 and c=8, CPU in ms a unit):"]
    for unit in UNITS:
        for peer in PEERS.get(unit.peers, ()):
            rates = f"{peer.rate_1:g}, {peer.rate_8:g}/s" if peer.rate_1 else "-"
            lines.append(f"  {unit.key:<12}{peer.name:<34}{rates:<14}{peer.cpu} ms")
    return "\n".join(lines)


def verdicts(found: list[Verdict]) -> str:
    """The floors, one a line."""
    lines = ["", "Floors (ratios of this run):"]
    for verdict in found:
        floor = verdict.floor
        if verdict.found is None:
            lines.append(f"  not measured  {floor.text}")
            continue
        word = "holds" if verdict.holds else "BROKEN"
        lines.append(
            f"  {word:<13} {floor.text}: {verdict.found:g}{floor.unit} (at most {floor.most:g}{floor.unit})"
        )
    return "\n".join(lines)


def keep(results: dict[str, Any], folder: Path) -> Path:
    """Write all figures as JSON; the file."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}.json"
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False))
    return path
