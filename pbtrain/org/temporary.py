"""Temporary branches end by themselves (domain.md A81). Part of the services of org.

Who stood in one returns to the branch they came from, or to the one that took it over.
"""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import func, select

from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.org import reshaping, tree
from pbtrain.org.answering import living
from pbtrain.org.models import Affiliation, Unit, UnitLink
from pbtrain.org.reshaping import Shift, hand_over_reports, move_people, set_rows


def due() -> list[int]:
    """The units whose planned end has come, by id."""
    last = (
        select(UnitLink.unit_id, func.max(UnitLink.valid_from).label("since"))
        .group_by(UnitLink.unit_id)
        .subquery()
    )
    return list(
        db.session.scalars(
            select(Unit.id)
            .join(UnitLink, UnitLink.unit_id == Unit.id)
            .join(last, (last.c.unit_id == Unit.id) & (last.c.since == UnitLink.valid_from))
            .where(Unit.valid_until.is_(None), UnitLink.valid_until <= clock.today())
            .order_by(Unit.id)
        )
    )


def end_one(unit_id: int) -> list[Shift]:
    """End a unit on its planned day and send its members home.

    While somebody has no branch to return to, the end is put off to tomorrow: nobody hangs in the air.
    """
    tree.lock_tree()
    tree.live(unit_id)
    link = tree.newest_links([unit_id])[unit_id]
    day = link.valid_until
    members = reshaping.members_of(unit_id)
    homes = _homes(members, unit_id)
    shifts = []
    for to_id in sorted(set(homes.values())):
        going = [member_id for member_id in members if homes.get(member_id) == to_id]
        reshaping.end_ties(going, unit_id, day)
        move_people(going, unit_id, to_id, day)
        hand_over_reports(unit_id, to_id, going)
        shifts.append(Shift(unit_id, to_id, member_ids=tuple(going)))
    left = len(members) - len(homes)
    if left:
        set_rows(UnitLink, [link.id], valid_until=clock.today() + timedelta(days=1))
    else:
        tree.end([unit_id], day)
    audit.record(
        None,
        "unit.put_off" if left else "unit.ended",
        f"unit:{unit_id}",
        unit_id=unit_id,
        on=day.isoformat(),
        left=left,
        home=[[shift.to_id, len(shift.member_ids)] for shift in shifts],
    )
    return shifts


def _homes(member_ids: Collection[int], unit_id: int) -> dict[int, int]:
    """The branch each of them stood in before, or its successor; who has none that lives is left out."""
    before: dict[int, int] = {}
    for row in db.session.execute(
        select(Affiliation.member_id, Affiliation.unit_id)
        .where(Affiliation.member_id.in_(member_ids), Affiliation.unit_id != unit_id)
        .order_by(Affiliation.valid_from, Affiliation.id)
    ):
        before[row.member_id] = row.unit_id
    now = living(set(before.values()))
    return {member_id: now[home] for member_id, home in before.items() if home in now}
