"""`flask hours`: verify the ledger, write and compare anchors."""

import sys
from itertools import islice
from pathlib import Path

import click
from flask import Blueprint, current_app

from pbtrain.hours import anchors
from pbtrain.hours.verify import Finding, verify

bp = Blueprint("hours_commands", __name__, cli_group="hours")
MOST = 20


@bp.cli.command("verify")
@click.option("--anchor", type=click.File(encoding="ascii"), help="Also compare with this anchor.")
def run_verify(anchor):
    """Recompute chains, sums and caches; exit status 1 names the first things that differ."""
    found: list[Finding] = list(islice(verify(), MOST))
    if anchor is not None:
        found += islice(anchors.compare(anchor), MOST)
    for finding in found:
        click.echo(str(finding), err=True)
    if found:
        sys.exit(1)
    click.echo("The ledger is whole: every chain, sum and trigger agrees.")


@bp.cli.command("anchor")
@click.option("--folder", type=click.Path(path_type=Path), help="Default: instance/anchors.")
def write_anchor(folder):
    """Write the heads of all books to a file; keep a copy outside this machine."""
    click.echo(anchors.save(folder or Path(current_app.instance_path, "anchors")))
