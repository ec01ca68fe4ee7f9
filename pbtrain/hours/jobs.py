"""Timed work of the ledger: the pace of the year moves on, and every day leaves an anchor."""

from pathlib import Path

from flask import current_app
from sqlalchemy import or_, select

from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.hours import anchors, services
from pbtrain.hours.models import MemberYear
from pbtrain.org.models import Affiliation, Member

BATCH = 500


def refresh_pace() -> int:
    """Bring this year's targets and paces to today, also of members without a line; returns how many."""
    today = clock.today()
    year, after, done = today.year, 0, 0
    while True:
        ids = db.session.scalars(
            select(Member.id)
            .outerjoin(MemberYear, (MemberYear.member_id == Member.id) & (MemberYear.credit_year == year))
            .where(
                Member.id > after, select(Affiliation.id).where(Affiliation.member_id == Member.id).exists()
            )
            .where(or_(MemberYear.due_on.is_(None), MemberYear.due_on < today))
            .order_by(Member.id)
            .limit(BATCH)
        ).all()
        if not ids:
            return done
        with transaction():
            services.refresh_years(ids, year)
        after, done = ids[-1], done + len(ids)


def anchor_daily() -> Path:
    """Write today's anchor under instance/anchors; the guide says where to copy it."""
    return anchors.save(Path(current_app.instance_path, "anchors"))
