"""Printed slips: a single-use code that lets its owner set a password. Part of the services of accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update

from pbtrain.accounts import devices, services
from pbtrain.accounts.models import Account, Slip
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import UNKEYED, db, record_apart
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


class AlreadyPrinted(Conflict):
    """Since the page was opened these people got slips: when the last one was made, by whom, for how many.

    Codes are shown once, so a sheet that is reloaded must not make new ones and void those on paper.
    """

    def __init__(self, at: datetime, name: str, people: int) -> None:
        super().__init__(N_("These slips have been printed already."))
        self.at, self.name, self.people = at, name, people


@dataclass(frozen=True)
class Opened:
    """A slip whose code was right: what `redeem` needs."""

    slip_id: int
    account_id: int
    username: str


def bare(code: str) -> str:
    """A typed code without blanks and dashes, in capitals."""
    return "".join(sign for sign in code.upper() if sign in SLIP_ALPHABET)


def newest() -> int:
    """The number of the newest slip of the site, 0 before the first: what a page about slips has seen."""
    return db.session.scalar(select(func.max(Slip.id))) or 0


def make(
    actor: audit.HasAccount | None,
    account_ids: Iterable[int],
    *,
    unit_id: int | None = None,
    seen: int | None = None,
) -> Made:
    """New codes for these accounts, valid for 30 days; an open slip of theirs is replaced.

    Disabled accounts get none. `seen` is `newest()` when the page was opened: AlreadyPrinted, and nothing
    changes, when one of these people got a slip since. Whether the actor may do this is the caller's
    business.
    """
    codes: dict[int, str] = {}
    replaced: set[int] = set()
    wanted = sorted(set(account_ids))
    if seen is not None:
        _check_seen(wanted, seen)
    for start in range(0, len(wanted), BATCH):
        made = _renew(actor, wanted[start : start + BATCH])
        codes |= made.codes
        replaced |= made.replaced
    audit.record(
        actor,
        "slips.made",
        f"unit:{unit_id}" if unit_id else "accounts",
        unit_id=unit_id,
        accounts=sorted(codes),
        replaced=sorted(replaced),
    )
    return Made(codes, frozenset(replaced))


def _renew(actor: audit.HasAccount | None, account_ids: list[int]) -> Made:
    """Close the open slips of these accounts and add new ones; a few statements, whatever their number."""
    now = clock.now()
    ids = db.session.scalars(
        select(Account.id)
        .where(Account.id.in_(account_ids), Account.disabled_at.is_(None))
        .order_by(Account.id)
    ).all()
    replaced = db.session.scalars(
        update(Slip)
        .where(Slip.account_id.in_(ids), Slip.closed_at.is_(None))
        .values(closed_at=now)
        .returning(Slip.account_id)
    ).all()
    codes = {account_id: slip_code() for account_id in ids}
    rows = [
        {
            "account_id": account_id,
            "code_hash": fingerprint(code),
            "tries": 0,
            "made_by_id": actor.account_id if actor else None,
            "made_at": now,
            "expires_at": now + LASTS,
        }
        for account_id, code in codes.items()
    ]
    if rows:
        db.session.execute(insert(Slip), rows)
    return Made(codes, frozenset(replaced))


def _check_seen(wanted: list[int], seen: int) -> None:
    """AlreadyPrinted when one of these accounts has a younger slip; of two at once the second waits."""
    db.session.execute(
        select(Account.id).where(Account.id.in_(wanted)).order_by(Account.id).with_for_update(**UNKEYED)
    )
    since = (
        select(Slip.account_id, Slip.made_at, Account.name)
        .outerjoin(Account, Account.id == Slip.made_by_id)
        .where(Slip.account_id.in_(wanted), Slip.id > seen)
        .order_by(Slip.id)
    )
    if rows := db.session.execute(since).all():
        people = len({row.account_id for row in rows})
        raise AlreadyPrinted(rows[-1].made_at, rows[-1].name or "", people)


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
