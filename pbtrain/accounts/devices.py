"""Browsers that showed the second factor and need not again for 30 days. Part of the services of accounts."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update

from pbtrain.accounts.models import KnownDevice
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.tokens import fingerprint, new_token

LASTS = timedelta(days=30)


def known(account_id: int) -> list[Row[Any]]:
    """Those of this account that are good at present, the newest first: id, agent, made_at, ends_at."""
    return list(
        db.session.execute(
            select(KnownDevice.id, KnownDevice.agent, KnownDevice.made_at, KnownDevice.ends_at)
            .where(KnownDevice.account_id == account_id, *_good())
            .order_by(KnownDevice.made_at.desc(), KnownDevice.id.desc())
            .limit(50)
        )
    )


def remember(account_id: int, agent: str) -> str:
    """Know this browser from now on; returns the token for its cookie."""
    token = new_token()
    db.session.add(
        KnownDevice(
            account_id=account_id,
            token_hash=fingerprint(token),
            agent=agent[:120],
            ends_at=clock.now() + LASTS,
        )
    )
    return token


def is_known(account_id: int, token: str) -> bool:
    """Is this browser, by the token of its cookie, one that this account need not show the factor on?"""
    return bool(
        db.session.scalar(
            select(KnownDevice.id).where(
                KnownDevice.token_hash == fingerprint(token), KnownDevice.account_id == account_id, *_good()
            )
        )
    )


def forget(actor: audit.HasAccount, device_id: int) -> bool:
    """This browser of one's own is asked again; False when it was already."""
    ended = _revoke(KnownDevice.account_id == actor.account_id, KnownDevice.id == device_id)
    if ended:
        audit.record(actor, "device.forgotten", f"account:{actor.account_id}")
    return bool(ended)


def forget_all(account_id: int) -> int:
    """Every browser of this account is asked again; returns how many."""
    return _revoke(KnownDevice.account_id == account_id)


def _good() -> tuple[Any, Any]:
    return KnownDevice.revoked_at.is_(None), KnownDevice.ends_at > clock.now()


def _revoke(*which: Any) -> int:
    ended = db.session.execute(
        update(KnownDevice).where(KnownDevice.revoked_at.is_(None), *which).values(revoked_at=clock.now())
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]
