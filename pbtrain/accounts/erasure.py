"""Emptying a login whose person has been erased. Part of the services of accounts."""

from sqlalchemy import delete, update

from pbtrain.accounts.models import (
    Account,
    FactorCode,
    KnownDevice,
    LoginSession,
    PasswordLink,
    SecondFactor,
    Slip,
)
from pbtrain.core import clock
from pbtrain.core.db import db

BELONGINGS = (LoginSession, Slip, SecondFactor, FactorCode, KnownDevice, PasswordLink)


def forget(account_id: int, *, name: str) -> None:
    """Nobody signs in here any more; the row stays, because the trail and the ledger point to it."""
    for table in BELONGINGS:
        db.session.execute(delete(table).where(table.account_id == account_id))
    db.session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(
            name=name,
            username=f"erased-{account_id}",
            phone=None,
            email=None,
            password_hash=None,
            pseudonym_key=None,
            disabled_at=clock.now(),
        )
    )
