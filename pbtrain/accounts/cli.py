"""`flask accounts …`: what only whoever runs the server can do for a login."""

import click
from flask import Blueprint
from sqlalchemy import select

from pbtrain.accounts import factors, rules
from pbtrain.accounts.models import Account
from pbtrain.core.db import db, transaction

bp = Blueprint("accounts_commands", __name__, cli_group="accounts")


@bp.cli.command("reset-factor")
@click.argument("username")
@click.option("--reason", prompt=True, help="Why, and how it is known who asks; kept in the audit trail.")
def reset_factor(username: str, reason: str) -> None:
    """Take a lost second factor away, for whom nobody above can: the first system administrator."""
    account_id = db.session.scalar(select(Account.id).where(Account.username == rules.plain(username)))
    if account_id is None:
        raise click.ClickException("There is no login of this name.")
    if len(reason.strip()) < 4:
        raise click.ClickException("Give a reason; nothing was changed.")
    with transaction():
        gone = factors.remove(None, account_id, reason=f"command: {reason.strip()}"[:200])
    if not gone:
        raise click.ClickException("This login has no second factor.")
    click.echo("The second factor is gone, and every session has ended. The next sign-in sets up a new one.")
