"""`flask hours`: verify the ledger, write and compare anchors."""

import sys
import time
from itertools import islice
from pathlib import Path

import click
from flask import Blueprint, current_app

from pbtrain.hours import anchors
from pbtrain.hours.verify import Finding, verify

bp = Blueprint("hours_commands", __name__, cli_group="hours")
MOST = 20
EVERY = 5.0  # seconds between two lines of progress


@bp.cli.command("verify")
@click.option("--anchor", type=click.File(encoding="ascii"), help="Also compare with this anchor.")
@click.option("--processes", type=click.IntRange(1), help="Default: as many as cores for a large ledger.")
def run_verify(anchor, processes):
    """Recompute chains, sums and caches; exit status 1 names the first things that differ."""
    found: list[Finding] = list(islice(verify(processes, _progress()), MOST))
    if anchor is not None:
        found += islice(anchors.compare(anchor), MOST)
    for finding in found:
        click.echo(str(finding), err=True)
    if found:
        sys.exit(1)
    click.echo("The ledger is whole: every chain, sum and trigger agrees.")


def _progress():
    """A function that tells every few seconds how far it is: for the person at the terminal."""
    last = time.monotonic()

    def tell(done, of):
        nonlocal last
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            click.echo(f"{done * 100 // of} %", err=True)

    return tell


@bp.cli.command("anchor")
@click.option("--folder", type=click.Path(path_type=Path), help="Default: instance/anchors.")
def write_anchor(folder):
    """Write the heads of all books to a file; keep a copy outside this machine."""
    click.echo(anchors.save(folder or Path(current_app.instance_path, "anchors")))
