"""What is stored of a login."""

import secrets
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import Model


def new_pseudonym_key() -> bytes:
    """16 random bytes; destroying them unties a person from the lines of the ledger."""
    return secrets.token_bytes(16)


class Account(Model):
    """One person's login. Not activated until a password is set through a slip."""

    __table_args__ = (  # lists of few among many
        Index("ix_account_asleep", "username", "id",
              sqlite_where=text("activated_at IS NULL AND disabled_at IS NULL"),
              postgresql_where=text("activated_at IS NULL AND disabled_at IS NULL")),
        Index("ix_account_disabled", "username", "id", sqlite_where=text("disabled_at IS NOT NULL"),
              postgresql_where=text("disabled_at IS NOT NULL")),
    )  # fmt: skip

    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    phone: Mapped[str | None] = mapped_column(String(20), index=True)  # a login name only while unique
    email: Mapped[str | None] = mapped_column(String(254))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    activated_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    pseudonym_key: Mapped[bytes | None] = mapped_column(LargeBinary(16), default=new_pseudonym_key)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class LoginSession(Model):
    """A signed-in browser. The cookie holds a random token; only its fingerprint is stored."""

    __table_args__ = (Index(None, "account_id", "ended_at"),)

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    own_device: Mapped[bool] = mapped_column(default=False)
    agent: Mapped[str] = mapped_column(String(120), default="")
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    ends_at: Mapped[datetime]  # absolute limit
    idle_minutes: Mapped[int]
    ended_at: Mapped[datetime | None]
    factor_at: Mapped[datetime | None]  # when the second factor was shown, or a known device stood for it
    proved_at: Mapped[datetime | None]  # when the password was last given, for what asks it again


class Slip(Model):
    """A single-use code on a printed slip that lets its owner set a password. Stored as a fingerprint."""

    __table_args__ = (
        Index("uq_slip_one_open", "account_id", unique=True, sqlite_where=text("closed_at IS NULL"),
              postgresql_where=text("closed_at IS NULL")),
    )  # fmt: skip

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    tries: Mapped[int] = mapped_column(default=0)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]  # used, replaced or tried too often
    used_at: Mapped[datetime | None]


class LoginTry(Model):
    """A failed attempt at an entrance ("login", "slip"), counted by name and by address."""

    __table_args__ = (Index(None, "subject", "at"),)

    subject: Mapped[str] = mapped_column(String(80))  # "name:<fingerprint>" or "addr:<address>"
    at: Mapped[datetime] = mapped_column(default=clock.now)


class SecondFactor(Model):
    """What an account shows beside its password: an authenticator's secret, or a card of codes alone."""

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # of TOTP, encrypted; None: the card alone
    last_step: Mapped[int | None] = mapped_column(BigInteger)  # newest 30 s step used: none works twice
    confirmed_at: Mapped[datetime | None]  # None: shown, not yet proved
    made_at: Mapped[datetime] = mapped_column(default=clock.now)


class FactorCode(Model):
    """One of the ten one-time codes of a printed card. Stored as a fingerprint."""

    __table_args__ = (Index("uq_factor_code", "account_id", "code_hash", unique=True),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    code_hash: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]


class KnownDevice(Model):
    """A browser that showed the second factor and need not again until `ends_at`; can be revoked."""

    __table_args__ = (Index(None, "account_id", "ends_at"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    agent: Mapped[str] = mapped_column(String(120), default="")
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    ends_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class PasswordLink(Model):
    """A single-use link, mailed to its owner, that lets a new password be set. Stored as a fingerprint."""

    __table_args__ = (Index(None, "account_id", "made_at"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
