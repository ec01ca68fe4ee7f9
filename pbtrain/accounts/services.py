"""Signing in and out, and the lock-out at every entrance. Slips are in slips.py.

Hashing happens outside any transaction; a failure is recorded apart, so that it survives the refusal.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, or_, select, update

from pbtrain.accounts import devices, passwords, rules
from pbtrain.accounts.models import Account, LoginSession, LoginTry, PasswordLink, Slip
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import db, glance, insert_of, prepared, record_apart
from pbtrain.core.errors import RuleError, TooOften
from pbtrain.core.marks import N_
from pbtrain.core.tokens import fingerprint, new_token

WORKDAY = timedelta(hours=8)
PROVED = timedelta(minutes=10)  # so long is a password good that was given anew
OWN_DEVICE_IDLE, OWN_DEVICE = timedelta(days=90), timedelta(days=365)
WRONG = N_("The phone number (user name) or the password is not right. Check both and try again.")


@dataclass(frozen=True)
class Entrance:
    """Who knocks where: what failures are counted by, at every entrance alike.

    `what` is "name" for passwords and slips, "code" for second factors, whose failures a right password does
    not forget, and "mail" for links that were asked for.
    """

    name: str
    address: str
    what: str = "name"

    @property
    def subjects(self) -> tuple[str, str]:
        return f"{self.what}:{fingerprint(self.name)}", f"addr:{self.address}"[:80]

    def check(self, via: Connection | None = None) -> bool:
        """Raise TooOften while this name or this address has to wait. Has this name failed of late?"""
        now = clock.now()
        name, address = self.subjects
        rows = _tries_of(via=via, name=name, address=address, since=now - rules.WINDOW).all()
        if via is None:
            db.session.rollback()  # nothing is held while a password is hashed
        wait = max(
            rules.wait_for_name([at for subject, at in rows if subject == name], now),
            rules.wait_for_address([at for subject, at in rows if subject == address], now),
        )
        if wait:
            minutes = math.ceil(wait / timedelta(minutes=1))
            raise TooOften(
                N_("Too many tries. Wait %(minutes)s min, then try again."),
                seconds=math.ceil(wait.total_seconds()),
                minutes=minutes,
            )
        return any(subject == name for subject, _ in rows)

    def failed(self, action: str, account_id: int | None) -> None:
        """Count a failure; it stays whatever happens to the request."""
        now = clock.now()
        with record_apart() as apart:
            apart.execute(insert(LoginTry), [{"subject": subject, "at": now} for subject in self.subjects])
            audit.record(None, action, f"account:{account_id or 0}", session=apart, address=self.address)

    def forget(self) -> None:
        """After a success the failures of this name count no more; inside the caller's transaction."""
        _forget_tries(name=self.subjects[0])


@prepared
def _tries_of() -> Any:
    return (
        select(LoginTry.subject, LoginTry.at)
        .where(
            LoginTry.subject.in_((bindparam("name"), bindparam("address"))),
            LoginTry.at > bindparam("since", type_=LoginTry.at.type),
        )
        .order_by(LoginTry.at.desc(), LoginTry.id.desc())
        .limit(rules.NAME_TRIES + rules.ADDRESS_TRIES)
    )


@prepared
def _forget_tries() -> Any:
    return delete(LoginTry).where(LoginTry.subject == bindparam("name"))


@prepared
def _logins_of() -> Any:
    name: Any = bindparam("name")
    return (
        select(Account.id, Account.username, Account.password_hash, Account.disabled_at)
        .where(or_(Account.username == name, Account.phone == name))
        .order_by(Account.id)
        .limit(3)
    )


@prepared
def _new_session() -> Any:
    return insert_of(
        LoginSession, "token_hash", "account_id", "own_device", "agent", "started_at", "seen_at", "ends_at",
        "idle_minutes", "factor_at", "proved_at",
    )  # fmt: skip


@dataclass(frozen=True)
class Arrival:
    """Who came in with the right password, and the door at which this name had failed before, if it had."""

    account_id: int
    door: Entrance | None


def find_login(name: str, via: Connection | None = None) -> Row[Any] | None:
    """The account with this user name, else the only one with this phone number."""
    name = rules.plain(name)
    rows = _logins_of(via=via, name=name).all()
    named = [row for row in rows if row.username == name]
    return named[0] if named else rows[0] if len(rows) == 1 else None


def entrance(name: str, address: str, found: Row[Any] | None, what: str = "name") -> Entrance:
    """Where this person knocks; phone and user name of one account are one name."""
    return Entrance(found.username if found else rules.plain(name)[:200], address, what)


def sign_in(name: str, password: str, *, address: str) -> Arrival:
    """Whose name and password these are. RuleError says the same, as slowly, whatever is wrong;
    TooOften while the name or the address has to wait."""
    with passwords.turn():
        with glance() as connection:
            found = find_login(name, connection)
            door = entrance(name, address, found)
            failed = door.check(connection)
        right = passwords.fits(found.password_hash if found else None, password)
        if not right or found is None or found.disabled_at is not None:
            door.failed("login.failed", found.id if found else None)
            raise RuleError(WRONG)
    return Arrival(int(found.id), door if failed else None)


def open_session(
    account_id: int,
    *,
    own_device: bool = False,
    agent: str = "",
    address: str = "",
    factor_shown: bool = False,
) -> str:
    """Sign this browser in, inside the caller's transaction; returns the token for the cookie.

    8 hours; on one's own device 90 days without use, at most a year. For people with a role above
    member `org.access` ends it after 20 minutes without use and 8 hours, whatever stands here.
    """
    now, token = clock.now(), new_token()
    lasts, idle = (OWN_DEVICE, OWN_DEVICE_IDLE) if own_device else (WORKDAY, WORKDAY)
    _new_session(
        token_hash=fingerprint(token),
        account_id=account_id,
        own_device=own_device,
        agent=agent[:120],
        started_at=now,
        seen_at=now,
        ends_at=now + lasts,
        idle_minutes=idle // timedelta(minutes=1),
        factor_at=now if factor_shown else None,
        proved_at=now,
    )
    audit.record(None, "login.done", f"account:{account_id}", address=address)
    return token


def end_session(account_id: int, session_id: int) -> bool:
    """End one session of this account; False when there was none to end."""
    ended = db.session.execute(
        update(LoginSession)
        .where(
            LoginSession.id == session_id,
            LoginSession.account_id == account_id,
            LoginSession.ended_at.is_(None),
        )
        .values(ended_at=clock.now())
    )
    return bool(ended.rowcount)  # type: ignore[attr-defined]


def end_by_token(token: str) -> None:
    """End the session whose cookie holds this token."""
    db.session.execute(
        update(LoginSession)
        .where(LoginSession.token_hash == fingerprint(token), LoginSession.ended_at.is_(None))
        .values(ended_at=clock.now())
    )


def end_all(account_id: int, *, but: int | None = None) -> int:
    """End every session of this account, `but` one; returns how many."""
    ended = db.session.execute(
        update(LoginSession)
        .where(
            LoginSession.account_id == account_id,
            LoginSession.ended_at.is_(None),
            LoginSession.id != (but or 0),
        )
        .values(ended_at=clock.now())
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def sign_out_everywhere(actor: audit.HasAccount, account_id: int, *, unit_id: int | None = None) -> int:
    """End every session of somebody else's account; known devices are asked again. Returns how many ended."""
    ended = end_all(account_id)
    devices.forget_all(account_id)
    audit.record(actor, "sessions.ended", f"account:{account_id}", unit_id=unit_id, sessions=ended)
    return ended


def check_change(account_id: int, old: str, new: str, *, address: str) -> str:
    """The hash of the new password, once the old one has been shown; outside any transaction."""
    username = db.session.scalars(select(Account.username).where(Account.id == account_id)).one()
    passwords.check(new, account_id=account_id, username=username)
    prove_password(account_id, old, address=address)
    return passwords.make(new)


def prove_password(account_id: int, password: str, *, address: str, field: str = "old") -> None:
    """RuleError at the field unless this is the present password; outside any transaction."""
    row = db.session.execute(
        select(Account.username, Account.password_hash).where(Account.id == account_id)
    ).one()
    door = Entrance(row.username, address)
    with passwords.turn():
        door.check()
        if not passwords.fits(row.password_hash, password):
            door.failed("password.failed", account_id)
            raise RuleError(N_("The present password is not right."), field=field)


def change_email(actor: audit.HasAccount, email: str | None) -> None:
    """Send mails to this address from now on, or to none. The trail says that it changed, not to what."""
    db.session.execute(update(Account).where(Account.id == actor.account_id).values(email=email))
    void_links(actor.account_id)
    audit.record(actor, "email.changed" if email else "email.removed", f"account:{actor.account_id}")


def change_password(
    actor: audit.HasAccount, password_hash: str, *, keep_session: int | None = None, end_others: bool = True
) -> None:
    """Store the new password. Known devices are asked again; other sessions end unless that is not wished."""
    db.session.execute(
        update(Account).where(Account.id == actor.account_id).values(password_hash=password_hash)
    )
    void_links(actor.account_id)
    devices.forget_all(actor.account_id)
    if end_others:
        end_all(actor.account_id, but=keep_session)
    audit.record(actor, "password.changed", f"account:{actor.account_id}", others_ended=end_others)


def void_links(account_id: int) -> None:
    """Links that were mailed to this account open nothing any more."""
    db.session.execute(
        update(PasswordLink)
        .where(PasswordLink.account_id == account_id, PasswordLink.used_at.is_(None))
        .values(used_at=clock.now())
    )


def renew_session(session_id: int | None) -> str:
    """The password has just been given again: the session goes on under a new token."""
    token = new_token()
    db.session.execute(
        update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.ended_at.is_(None))
        .values(token_hash=fingerprint(token), proved_at=clock.now())
    )
    return token


def disable(actor: audit.HasAccount | None, account_id: int, *, unit_id: int | None = None) -> None:
    """Close this login: nobody signs in with it, and who is signed in is out at once."""
    db.session.execute(
        update(Account)
        .where(Account.id == account_id, Account.disabled_at.is_(None))
        .values(disabled_at=clock.now())
    )
    put_out(account_id)
    audit.record(actor, "account.disabled", f"account:{account_id}", unit_id=unit_id)


def put_out(account_id: int) -> None:
    """Who is signed in with this login is out at once, and its printed slip is void; the password holds."""
    db.session.execute(
        update(Slip)
        .where(Slip.account_id == account_id, Slip.closed_at.is_(None))
        .values(closed_at=clock.now())
    )
    end_all(account_id)


def enable(actor: audit.HasAccount | None, account_id: int, *, unit_id: int | None = None) -> None:
    """Open this login again; its password still holds."""
    db.session.execute(update(Account).where(Account.id == account_id).values(disabled_at=None))
    audit.record(actor, "account.enabled", f"account:{account_id}", unit_id=unit_id)


def sweep_expired() -> int:
    """End sessions past their limits, close old slips, forget old failures; returns the sessions ended."""
    now = clock.now()
    ended = 0
    for idle in db.session.scalars(
        select(LoginSession.idle_minutes)
        .where(LoginSession.ended_at.is_(None))
        .distinct()
        .order_by(LoginSession.idle_minutes)
    ).all():
        stale = or_(LoginSession.ends_at < now, LoginSession.seen_at < now - timedelta(minutes=idle))
        done = db.session.execute(
            update(LoginSession)
            .where(LoginSession.ended_at.is_(None), LoginSession.idle_minutes == idle, stale)
            .values(ended_at=now)
        )
        ended += int(done.rowcount)  # type: ignore[attr-defined]
    _forget_old(now)
    return ended


def _forget_old(now: datetime) -> None:
    db.session.execute(
        update(Slip).where(Slip.closed_at.is_(None), Slip.expires_at < now).values(closed_at=now)
    )
    db.session.execute(delete(LoginTry).where(LoginTry.at < now - timedelta(days=1)))
