"""What others know of a person, so that no password consists of it. Part of the queries of org."""

from datetime import date

from flask import Flask
from sqlalchemy import select

from pbtrain.accounts.models import Account
from pbtrain.core.db import db
from pbtrain.org.models import Member, Unit

LEAST = 4  # letters of an end of a name that count


def known_of(account_id: int) -> list[str]:
    """Pieces of name and spelling, phone, mail, birthday in the usual orders, the end of the ID number, own
    number, unit; one statement."""
    row = db.session.execute(
        select(
            Account.name, Account.phone, Account.email, Member.pinyin, Member.born_on, Member.id_shown,
            Member.code, Unit.name.label("unit_name"), Unit.code.label("unit_code"),
        )
        .outerjoin(Member, Member.account_id == Account.id)
        .outerjoin(Unit, Unit.id == Member.unit_id)
        .where(Account.id == account_id)
    ).one()  # fmt: skip
    phone = row.phone or ""
    found = [
        *pairs(row.name), *pairs(row.unit_name or ""), *ends(row.pinyin or ""), *days(row.born_on),
        phone, phone[-8:], phone[-4:], (row.email or "").partition("@")[0], (row.id_shown or "")[-4:],
        row.code, row.unit_code,
    ]  # fmt: skip
    return [fact for fact in found if fact]


def pairs(name: str) -> list[str]:
    """'青松支部' -> 青松, 松支, 支部: whatever part of a name somebody uses."""
    return [name[at : at + 2] for at in range(len(name) - 1)]


def ends(pinyin: str) -> list[str]:
    """'zhangxiuying zxy' -> zhangxiuying, ..., xiuying, ..., ying, zxy: with the surname and without."""
    whole, _blank, initials = pinyin.partition(" ")
    return [*(whole[at:] for at in range(max(len(whole) - LEAST + 1, 1))), initials]


def days(born: date | None) -> list[str]:
    """A birthday as people write it."""
    return [f"{born:{order}}" for order in ("%Y%m%d", "%d%m%Y", "%y%m%d", "%m%d", "%Y")] if born else []


def init_app(app: Flask) -> None:
    """Passwords are chosen in accounts, below org: it asks here."""
    app.extensions["pbtrain.known_of"] = known_of
