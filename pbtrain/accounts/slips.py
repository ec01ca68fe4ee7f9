"""Printed slips: a single-use code that lets its owner set a password. Part of the services of accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import insert, select, update

from pbtrain.accounts import devices, services
from pbtrain.accounts.models import Account, Slip
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import db, record_apart
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.core.tokens import SLIP_ALPHABET, fingerprint, slip_code

LASTS = timedelta(days=30)
TRIES = 5
BATCH = 500
WRONG = N_(
    "The user name or the code is not right, or the code has been used or is too old. "
    "If it stays so, ask your branch secretary for a new one."
)


@dataclass(frozen=True)
class Made:
    """Codes by account, shown once and never again; which of them replaced an older slip."""

    codes: dict[int, str]
    replaced: frozenset[int]


@dataclass(frozen=True)
class Opened:
    """A slip whose code was right: what `redeem` needs."""

    slip_id: int
    account_id: int
    username: str


def bare(code: str) -> str:
    """A typed code without blanks and dashes, in capitals."""
    return "".join(sign for sign in code.upper() if sign in SLIP_ALPHABET)


def make(actor: audit.HasAccount | None, account_ids: Iterable[int], *, unit_id: int | None = None) -> Made:
    """New codes for these accounts, valid for 30 days; an open slip of theirs is replaced.

    Disabled accounts get none. Whether the actor may do this is the caller's business.
    """
    now = clock.now()
    codes: dict[int, str] = {}
    replaced: set[int] = set()
    wanted = sorted(set(account_ids))
    for start in range(0, len(wanted), BATCH):
        ids = db.session.scalars(
            select(Account.id)
            .where(Account.id.in_(wanted[start : start + BATCH]), Account.disabled_at.is_(None))
            .order_by(Account.id)
        ).all()
        replaced |= set(
            db.session.scalars(
                update(Slip)
                .where(Slip.account_id.in_(ids), Slip.closed_at.is_(None))
                .values(closed_at=now)
                .returning(Slip.account_id)
            )
        )
        rows = []
        for account_id in ids:
            codes[account_id] = slip_code()
            rows.append(
                {
                    "account_id": account_id,
                    "code_hash": fingerprint(codes[account_id]),
                    "tries": 0,
                    "made_by_id": actor.account_id if actor else None,
                    "made_at": now,
                    "expires_at": now + LASTS,
                }
            )
        if rows:
            db.session.execute(insert(Slip), rows)
    audit.record(
        actor,
        "slips.made",
        f"unit:{unit_id}" if unit_id else "accounts",
        unit_id=unit_id,
        accounts=sorted(codes),
        replaced=sorted(replaced),
    )
    return Made(codes, frozenset(replaced))


def check(name: str, code: str, *, address: str) -> Opened:
    """The open slip of this name with this code; RuleError says the same whatever is wrong.

    A wrong code counts at the same limiter as a wrong password, and five of them close the slip.
    """
    found = services.find_login(name)
    door = services.entrance(name, address, found)
    door.check()
    now = clock.now()
    slip = None
    if found is not None and found.disabled_at is None:
        slip = db.session.execute(
            select(Slip.id, Slip.code_hash)
            .where(
                Slip.account_id == found.id,
                Slip.closed_at.is_(None),
                Slip.expires_at > now,
                Slip.tries < TRIES,
            )
            .order_by(Slip.id)
        ).first()
        db.session.rollback()
    if found is not None and slip is not None and slip.code_hash == fingerprint(bare(code)):
        return Opened(slip.id, found.id, found.username)
    door.failed("slip.failed", found.id if found else None)
    if slip is not None:
        with record_apart() as apart:
            apart.execute(
                update(Slip).where(Slip.id == slip.id, Slip.closed_at.is_(None)).values(tries=Slip.tries + 1)
            )
            apart.execute(
                update(Slip)
                .where(Slip.id == slip.id, Slip.closed_at.is_(None), Slip.tries >= TRIES)
                .values(closed_at=now)
            )
    raise RuleError(WRONG, field="code")


def redeem(opened: Opened, password_hash: str, *, own_device: bool, agent: str, address: str) -> str:
    """Use the slip up, set the password, sign in; returns the token. Conflict when it was used meanwhile."""
    now = clock.now()
    used = db.session.execute(
        update(Slip)
        .where(Slip.id == opened.slip_id, Slip.closed_at.is_(None), Slip.expires_at > now, Slip.tries < TRIES)
        .values(closed_at=now, used_at=now)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(N_("This code has just been used. Sign in with the password that was set."))
    account = db.session.get(Account, opened.account_id)
    if account is None or account.disabled_at is not None:
        raise RuleError(WRONG, field="code")
    account.password_hash = password_hash
    account.activated_at = account.activated_at or now
    services.end_all(account.id)
    devices.forget_all(account.id)
    services.Entrance(opened.username, address).forget()
    audit.record(None, "slip.used", f"account:{account.id}", address=address)
    return services.open_session(account.id, own_device=own_device, agent=agent, address=address)
