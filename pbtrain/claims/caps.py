"""How much of what a platform recorded fits under its yearly cap. Part of the queries."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from sqlalchemy import select

from pbtrain.claims import lookups, rules
from pbtrain.claims.models import Platform
from pbtrain.core.batches import batched
from pbtrain.core.db import db
from pbtrain.org.models import Member


class Counted(Protocol):
    """Something that may stand on a platform's record; hours in hundredths."""

    @property
    def id(self) -> int: ...
    @property
    def member_id(self) -> int: ...
    @property
    def platform_id(self) -> int | None: ...
    @property
    def day(self) -> date: ...
    @property
    def minutes(self) -> int: ...
    @property
    def credit(self) -> int: ...


def granted(claims: Sequence[Counted], *, lock: bool = True) -> dict[int, int]:
    """How many minutes of each fit, as {id: minutes}, in their order; 0 where its year is full.

    With `lock` the members stay locked until the transaction ends: two at once do not fill the same room.
    """
    fits = {claim.id: claim.minutes for claim in claims}
    some = [claim for claim in claims if claim.platform_id is not None]
    if not some:
        return fits
    pairs = sorted({(claim.member_id, claim.platform_id or 0) for claim in some})
    if lock:
        for ids in batched(sorted({member for member, _platform in pairs}), 500):
            members = select(Member.id).where(Member.id.in_(ids)).order_by(Member.id)
            db.session.execute(members.with_for_update(key_share=True))  # the cap is one's own
    ids = sorted({platform for _member, platform in pairs})
    platforms = {row.id: row for row in db.session.scalars(select(Platform).where(Platform.id.in_(ids)))}
    used = {
        (member_id, platforms[platform_id].name, year): hundredths
        for (member_id, platform_id, year), hundredths in lookups.used_of_platforms(
            pairs, {claim.day.year for claim in some}
        ).items()
    }
    for claim in some:
        platform = platforms[claim.platform_id or 0]
        key = (claim.member_id, platform.name, claim.day.year)
        room = platform.year_cap - used.get(key, 0)
        fits[claim.id] = rules.within_cap(claim.minutes, claim.credit, room)
        used[key] = used.get(key, 0) + min(claim.credit, max(room, 0))
    return fits
