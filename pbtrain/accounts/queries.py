"""Reading logins and where they are signed in."""

from typing import Any

from sqlalchemy import Row, func, select

from pbtrain.accounts.models import LoginSession
from pbtrain.core import clock
from pbtrain.core.db import db


def open_sessions(account_id: int) -> list[Row[Any]]:
    """Where this account is signed in, the latest first: id, own_device, agent, started_at, seen_at."""
    rows = db.session.execute(
        select(
            LoginSession.id,
            LoginSession.own_device,
            LoginSession.agent,
            LoginSession.started_at,
            LoginSession.seen_at,
        )
        .where(
            LoginSession.account_id == account_id,
            LoginSession.ended_at.is_(None),
            LoginSession.ends_at > clock.now(),
        )
        .order_by(LoginSession.seen_at.desc(), LoginSession.id.desc())
        .limit(50)
    )
    return list(rows)


def count_open(account_id: int) -> int:
    """In how many browsers this account is signed in."""
    return (
        db.session.scalar(
            select(func.count()).where(
                LoginSession.account_id == account_id,
                LoginSession.ended_at.is_(None),
                LoginSession.ends_at > clock.now(),
            )
        )
        or 0
    )
