"""The second factor: an authenticator app, or a card of ten one-time codes. Part of the services of accounts.

Every code is used by a conditional UPDATE, so that of two who bring the same one only one comes in. Wrong
codes are counted apart from wrong passwords: a right password does not forget them.
"""

import unicodedata
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import Row, delete, func, insert, or_, select, update

from pbtrain.accounts import devices, rules, services, totp
from pbtrain.accounts.models import Account, FactorCode, LoginSession, SecondFactor
from pbtrain.accounts.services import Entrance
from pbtrain.audit import services as audit
from pbtrain.core import clock, crypto
from pbtrain.core.db import db, insert_new
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.core.tokens import SLIP_ALPHABET, fingerprint, new_token, slip_code

PURPOSE = "second_factor.secret"
CODES, FEW = 10, 3
WRONG = N_("This code is not right, or it has been used. Check it and try again.")


class Signed(audit.HasAccount, Protocol):
    """Somebody who is signed in: the account, its user name, and the session."""

    @property
    def username(self) -> str: ...

    @property
    def session_id(self) -> int | None: ...


@dataclass(frozen=True)
class Shown:
    """A second factor that was right: the session's new token; how many codes are left on the card, if it was
    one of them; the token of a device that is known from now on, if that was wished."""

    token: str
    left: int | None = None
    device: str = ""


def standing(account_id: int) -> Row[Any]:
    """What this account has: confirmed_at, has_app, made_at, left (unused codes), printed_at (the card)."""
    return db.session.execute(
        select(
            SecondFactor.confirmed_at,
            SecondFactor.made_at,
            SecondFactor.secret.is_not(None).label("has_app"),
            select(func.count())
            .where(FactorCode.account_id == account_id, FactorCode.used_at.is_(None))
            .scalar_subquery()
            .label("left"),
            select(func.max(FactorCode.made_at))
            .where(FactorCode.account_id == account_id)
            .scalar_subquery()
            .label("printed_at"),
        )
        .select_from(Account)
        .outerjoin(SecondFactor, SecondFactor.account_id == Account.id)
        .where(Account.id == account_id)
    ).one()


def door_of(actor: Signed, address: str) -> Entrance:
    """Where this person's wrong codes are counted."""
    return Entrance(actor.username, address, "code")


def enrol_app(actor: Signed, secret: str, code: str) -> Shown:
    """This app is the second factor from now on, if it shows the right code; one of before is replaced.

    A card stays good; devices that were known are asked again.
    """
    now = clock.now()
    step = totp.step_of(secret, digits(code), now)
    if step is None:
        raise RuleError(WRONG, field="code")
    db.session.execute(insert_new(SecondFactor).values(account_id=actor.account_id, made_at=now))
    db.session.execute(
        update(SecondFactor)
        .where(SecondFactor.account_id == actor.account_id)
        .values(secret=crypto.encrypt(secret, PURPOSE), last_step=step, confirmed_at=now, made_at=now)
    )
    devices.forget_all(actor.account_id)
    audit.record(actor, "factor.app", f"account:{actor.account_id}")
    return Shown(_let_in(actor))


def print_card(actor: Signed) -> list[str]:
    """Ten new codes, shown once; the card of before is void.

    Where there is no app, the card is the second factor from the moment one of its codes has been shown.
    """
    now, codes = clock.now(), [card_code() for _ in range(CODES)]
    db.session.execute(delete(FactorCode).where(FactorCode.account_id == actor.account_id))
    db.session.execute(
        insert(FactorCode),
        [
            {"account_id": actor.account_id, "code_hash": mark(actor.account_id, code), "made_at": now}
            for code in codes
        ],
    )
    db.session.execute(insert_new(SecondFactor).values(account_id=actor.account_id, made_at=now))
    audit.record(actor, "factor.card", f"account:{actor.account_id}")
    return codes


def show(actor: Signed, code: str) -> Shown:
    """Use up this code, of the app or of the card, and let the session in. RuleError when it is wrong.

    Six digits are of the app, all else is of the card.
    """
    left = None
    typed = digits(code)
    if len(typed) == totp.DIGITS and len(bare(code)) <= totp.DIGITS:
        _use_step(actor.account_id, typed)
    else:
        left = _use_card(actor.account_id, code)
    audit.record(actor, "factor.shown", f"account:{actor.account_id}", card=left is not None)
    return Shown(_let_in(actor), left)


def keep_device(actor: Signed, shown: Shown, agent: str) -> Shown:
    """Do not ask in this browser for 30 days."""
    return replace(shown, device=devices.remember(actor.account_id, agent))


def _use_step(account_id: int, code: str) -> None:
    secret = db.session.scalar(
        select(SecondFactor.secret).where(
            SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_not(None)
        )
    )
    step = totp.step_of(crypto.decrypt(secret, PURPOSE), code, clock.now()) if secret else None
    if step is None:
        raise RuleError(WRONG, field="code")
    used = db.session.execute(
        update(SecondFactor)
        .where(
            SecondFactor.account_id == account_id,
            or_(SecondFactor.last_step.is_(None), SecondFactor.last_step < step),
        )
        .values(last_step=step)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise RuleError(WRONG, field="code")


def _use_card(account_id: int, code: str) -> int:
    now = clock.now()
    used = db.session.execute(
        update(FactorCode)
        .where(
            FactorCode.account_id == account_id,
            FactorCode.code_hash == mark(account_id, code),
            FactorCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise RuleError(WRONG, field="code")
    db.session.execute(
        update(SecondFactor)
        .where(SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_(None))
        .values(confirmed_at=now)
    )
    return (
        db.session.scalar(
            select(func.count()).where(FactorCode.account_id == account_id, FactorCode.used_at.is_(None))
        )
        or 0
    )


def _let_in(actor: Signed) -> str:
    """The session has shown its factor; it goes on under a new token, and wrong codes are forgotten."""
    token = new_token()
    db.session.execute(
        update(LoginSession)
        .where(LoginSession.id == actor.session_id, LoginSession.ended_at.is_(None))
        .values(factor_at=clock.now(), token_hash=fingerprint(token))
    )
    door_of(actor, "").forget()
    return token


def remove(
    actor: audit.HasAccount | None,
    account_id: int,
    *,
    reason: str = "",
    unit_id: int | None = None,
    keep_session: int | None = None,
) -> bool:
    """Take factor, card and known devices away, end every session but one; False when there was nothing.

    Who has to have one sets up another at the next sign-in. Whether the actor may is the caller's business.
    """
    gone = db.session.execute(delete(SecondFactor).where(SecondFactor.account_id == account_id))
    db.session.execute(delete(FactorCode).where(FactorCode.account_id == account_id))
    devices.forget_all(account_id)
    if not gone.rowcount:  # type: ignore[attr-defined]
        return False
    services.end_all(account_id, but=keep_session)
    audit.record(actor, "factor.reset", f"account:{account_id}", unit_id=unit_id, reason=reason)
    return True


def mark(account_id: int, code: str) -> str:
    """The keyed fingerprint of a card's code: one so short could be found by trying all under a plain one."""
    return crypto.lookup(f"{account_id}:{bare(code)}", "factor_code")


def card_code() -> str:
    """Eight characters, about 39 bits, for a printed card."""
    return slip_code(8)


def bare(code: str) -> str:
    """A typed code of a card without blanks and dashes, in capitals."""
    return "".join(sign for sign in rules.plain(code).upper() if sign in SLIP_ALPHABET)


def digits(code: str) -> str:
    """The digits of a typed code, those of any script and width as plain ones."""
    return "".join(str(unicodedata.decimal(sign)) for sign in code if sign.isdecimal())
