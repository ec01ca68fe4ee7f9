"""`flask hours export-year` and `flask hours verify-manifest`: a closed year as a file, and its proof."""

import click

from pbtrain.closing import export, manifest
from pbtrain.core.db import db
from pbtrain.hours.cli import bp


@bp.cli.command("export-year")
@click.argument("unit_id", type=int)
@click.argument("year", type=int)
@click.argument("file", type=click.File("w", encoding="ascii", atomic=True))
def export_year(unit_id, year, file):
    """Write the closed year of a unit and all below it to FILE, without names."""
    try:
        for record in export.records(unit_id, year):
            file.write(record)
    except LookupError as error:
        raise click.ClickException(str(error)) from None
    finally:
        db.session.rollback()


@bp.cli.command("verify-manifest")
@click.argument("file", type=click.File("rb"))
@click.option("--code", help="As printed on the reports of that year.")
def verify_manifest(file, code):
    """Prove an exported year without a database; exit status 1 names the first line that differs."""
    try:
        proved = manifest.check(file)
    except manifest.Forged as error:
        raise click.ClickException(str(error)) from None
    if code and manifest.typed(code) != proved.code:
        raise click.ClickException(f"another year: the code of this file is {manifest.spaced(proved.code)}")
    for text in manifest.told(proved):
        click.echo(text)
