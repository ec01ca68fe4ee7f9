"""A new password by mail: a single-use link to the address on record. Part of the services of accounts.

Who asks learns nothing about whether there is such a login: the answer is always the same, and the mail is
made by a worker, in whose hands alone the code is ever plain.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update

from pbtrain.accounts import devices, services
from pbtrain.accounts.models import Account, PasswordLink
from pbtrain.audit import services as audit
from pbtrain.core import clock, queue
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.core.tokens import fingerprint, new_token

JOB = "accounts.password_link"
LASTS, WINDOW, AT_MOST = timedelta(minutes=30), timedelta(hours=1), 3
WRONG = N_("This code is not right, has been used or is older than 30 minutes. Ask for a new mail.")


@dataclass(frozen=True)
class Letter:
    """What a worker sends: the number of the link, to whom, and the code, which is nowhere else."""

    link_id: int
    address: str
    name: str
    username: str
    code: str


@dataclass(frozen=True)
class Opened:
    """A link whose code was right: what `redeem` needs."""

    link_id: int
    account_id: int
    username: str


def ask(name: str, *, address: str) -> None:
    """Ask for a mail to this login, whether or not there is one. TooOften after several in a short time."""
    found = services.find_login(name)
    door = services.entrance(name, address, found, what="mail")
    door.check()
    door.failed("password.asked", found.id if found else None)


def order(name: str) -> None:
    """Let a worker see to it, in the caller's transaction; the same work for every name."""
    found = services.find_login(name)
    queue.enqueue(JOB, {"account_id": found.id if found else 0})


def issue(account_id: int) -> Letter | None:
    """A new link; None where nothing is sent: no such login, closed, no address, or three this hour."""
    now = clock.now()
    lately = (
        select(func.count())
        .where(PasswordLink.account_id == account_id, PasswordLink.made_at > now - WINDOW)
        .scalar_subquery()
    )
    row = db.session.execute(
        select(Account.email, Account.name, Account.username, lately.label("lately")).where(
            Account.id == account_id, Account.disabled_at.is_(None), Account.activated_at.is_not(None)
        )
    ).first()
    if row is None or not row.email or row.lately >= AT_MOST:
        return None
    code = new_token()
    link = PasswordLink(
        account_id=account_id, token_hash=fingerprint(code), made_at=now, expires_at=now + LASTS
    )
    db.session.add(link)
    db.session.flush()  # the mail is named by link.id
    audit.record(None, "password.mailed", f"account:{account_id}")
    return Letter(link.id, row.email, row.name, row.username, code)


def check(code: str, *, address: str) -> Opened:
    """The link with this code; RuleError when there is none that is good, counted by who tries."""
    door = services.Entrance(address, address, "link")
    door.check()
    row = db.session.execute(
        select(PasswordLink.id, PasswordLink.account_id, Account.username)
        .join(Account, Account.id == PasswordLink.account_id)
        .where(
            PasswordLink.token_hash == fingerprint(code.strip()),
            PasswordLink.used_at.is_(None),
            PasswordLink.expires_at > clock.now(),
            Account.disabled_at.is_(None),
        )
    ).first()
    db.session.rollback()
    if row is None:
        door.failed("link.failed", None)
        raise RuleError(WRONG, field="code")
    return Opened(row.id, row.account_id, row.username)


def redeem(opened: Opened, password_hash: str, *, agent: str, address: str) -> str:
    """Use the link up, set the password, sign in; returns the token. A second factor is still asked.

    Every other session ends, known devices are asked again, other links are void. Conflict when it was used
    meanwhile.
    """
    now = clock.now()
    used = db.session.execute(
        update(PasswordLink)
        .where(
            PasswordLink.id == opened.link_id,
            PasswordLink.used_at.is_(None),
            PasswordLink.expires_at > now,
            PasswordLink.account_id == opened.account_id,
        )
        .values(used_at=now)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(N_("This code has just been used. Sign in with the password that was set."))
    changed = db.session.execute(
        update(Account)
        .where(Account.id == opened.account_id, Account.disabled_at.is_(None))
        .values(password_hash=password_hash)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise RuleError(WRONG, field="code")
    services.void_links(opened.account_id)
    services.end_all(opened.account_id)
    devices.forget_all(opened.account_id)
    services.Entrance(opened.username, address).forget()
    audit.record(None, "password.reset", f"account:{opened.account_id}", address=address)
    return services.open_session(opened.account_id, agent=agent, address=address)
