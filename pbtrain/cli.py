"""Commands of the site: read arguments, call a service, say what happened. `flask --help` lists them."""

import json
import os
import sys

import click
from flask import Blueprint, current_app
from flask.cli import AppGroup

from pbtrain import doctor, scheduler
from pbtrain.core import clock, keys, queue, schema, site
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.i18n import say
from pbtrain.core.tokens import spaced
from pbtrain.hours import services as hours
from pbtrain.org import founding

bp = Blueprint("commands", __name__, cli_group=None)
demo_commands = AppGroup("demo", help="Demo data: invented people, on an empty site only.")
key_commands = AppGroup("keys", help="Keys of the site, under instance/keys or PBTRAIN_KEYS_DIR.")
bp.cli.add_command(demo_commands)
bp.cli.add_command(key_commands)


@bp.cli.command("setup")
@click.option("--name", prompt="Name of the root unit", help="The committee at the top of the tree.")
@click.option("--admin", prompt="Name of the first system administrator", help="A person's name.")
def setup(name, admin):
    """Begin a real site: its root unit, the default policy, the first administrator, one activation code."""
    try:
        with transaction():
            founded = founding.found(unit_name=name.strip(), admin_name=admin.strip())
            hours.publish_default_policy(None, founded.unit_id, clock.today().year)
    except RuleError as error:
        raise click.ClickException(say(error)) from error
    click.echo(f"User name        {founded.username}")
    click.echo(f"Activation code  {spaced(founded.code)}   (shown once, valid for 30 days)")
    click.echo("Open /activate on the site, enter both and choose a password.")


@bp.cli.command("serve")
def serve():
    """Start web, scheduler and worker together; Ctrl-C ends all of them."""
    os.execv(sys.executable, [sys.executable, "-m", "pbtrain.launcher"])  # noqa: S606 - our own module


@bp.cli.command("scheduler")
def run_scheduler():
    """Run the timed jobs until stopped; of several, one leads."""
    scheduler.run_until_signal(current_app._get_current_object())


@bp.cli.command("worker")
@click.option("--once", is_flag=True, help="Do what waits now, then end.")
@click.option("--threads", default=4, show_default=True)
def run_worker(once, threads):
    """Do long work from the job table until stopped."""
    if once:
        click.echo(f"{queue.run_waiting()} jobs done.")
        return
    queue.work(current_app._get_current_object(), threads)


@bp.cli.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def run_doctor(as_json):
    """Say what this site lacks; exit status 1 when it cannot work like this."""
    findings = doctor.examine(current_app._get_current_object())
    if as_json:
        click.echo(json.dumps([finding.__dict__ for finding in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.level:<5} {finding.subject}: {finding.text}")
    sys.exit(any(finding.level == doctor.BAD for finding in findings))


@demo_commands.command("load")
@click.option(
    "--preset", type=click.Choice(["small", "academy", "district", "city", "region"]), default="small",
    show_default=True,
)  # fmt: skip
@click.option(
    "--scale", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True,
    help="A part of a district, city or region.",
)  # fmt: skip
def demo_load(preset, scale):
    """Fill an empty site with demo data."""
    from pbtrain.demo import load

    kind = site.kind()
    if kind == "loading":
        raise click.ClickException("Its demo data was not loaded to the end. Type:  flask demo drop")
    if kind:
        raise click.ClickException(f"This site already holds {kind} data; demo and real data never mix.")
    lock = scheduler.lock_for(current_app._get_current_object())
    if not lock.acquire():
        lock.release()
        raise click.ClickException("The site is running. Stop it first; nothing was loaded.")
    try:
        load.load(preset, scale, click.echo)
    except RuleError as error:
        raise click.ClickException(say(error)) from error
    except load.NotLoaded as error:
        raise click.ClickException(str(error)) from error
    finally:
        lock.release()
    click.echo("The demo is loaded. Its accounts:  flask demo accounts")


@demo_commands.command("accounts")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def demo_accounts(as_json):
    """List one account for each role: role, user name, password, unit."""
    from pbtrain.demo import load

    if site.kind() != "demo":
        raise click.ClickException("This site holds no demo data.")
    accounts = load.accounts()
    if as_json:
        click.echo(json.dumps(accounts, ensure_ascii=False, indent=2))
        return
    for account in accounts:
        click.echo("  ".join(account[name] for name in ("role", "username", "password", "unit")))


@demo_commands.command("drop")
@click.confirmation_option(prompt="This deletes everything in the demo database. Go on?")
def demo_drop():
    """Recreate the database of a demo, empty. Stop the site first."""
    app = current_app._get_current_object()
    if site.kind() not in ("demo", "loading"):
        raise click.ClickException("This site holds no demo data; nothing was dropped.")
    lock = scheduler.lock_for(app)
    if not lock.acquire():
        lock.release()
        raise click.ClickException("The site is running. Stop it first; nothing was dropped.")
    schema.recreate(app)
    lock.release()
    click.echo("The database is empty again. A demo or a real site may begin.")


@key_commands.command("init")
def keys_init():
    """Make the keys that are missing."""
    where = keys.folder(current_app.instance_path)
    made = keys.ensure(where)
    click.echo(f"Made {', '.join(made)} in {where}." if made else f"All keys are in {where}.")


@key_commands.command("rotate")
@click.argument("name", type=click.Choice(["session", "link"]))
def keys_rotate(name):
    """Replace a key: with `session` everybody signs in again, with `link` links sent so far end."""
    try:
        keys.rotate(keys.folder(current_app.instance_path), name)
    except keys.KeyProblem as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"The {name} key is new. Restart the site.")
