"""Rank and absence in a sheet: what begins, follows, ends or is mended, and how it is taken back."""

from datetime import date

from sqlalchemy import func, select, update

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.hours.models import MemberYear
from pbtrain.org.models import Member, StatusSpan
from pbtrain.org.roster import back as roster_back
from pbtrain.org.roster import queries
from tests.roster import sheets
from tests.roster.conftest import reasons, sound


def test_ranks_are_given_ended_and_mended_and_go_back(send, state, confirm, undo, db, roster):
    """A rank that begins, one that follows another, one that is over, one whose first day was wrong."""
    old, none = {"干部级别": "乡科级", "起始日期": "2025-03-01"}, {"干部级别": "", "起始日期": ""}
    confirm(send([sheets.person(n, **(old if n < 4 else none)) for n in range(1, 5)]))
    before = roster()
    assert [row["rank_since"] for row in before] == ["2025-03-01"] * 3 + [""]
    new = [("县处级", "2026-02-01"), ("无", ""), ("正科级", "2024-09-01"), ("副处级", "2026-01-05")]
    lines = [sheets.person(n, 干部级别=rank, 起始日期=day) for n, (rank, day) in enumerate(new, 1)]
    changed = send(lines)
    told = queries.shown_line(db.session.execute(queries.lines(changed, "changed")).first())
    assert told["changes"] == [
        ("Rank as a cadre", "乡科级及以下（2025-03-01）", "县处级及以上（2026-02-01）")
    ]
    confirm(changed)
    after = [(row["rank"][:3], row["rank_since"]) for row in roster()]
    assert after == [("县处级", "2026-02-01"), ("", ""), ("乡科级", "2024-09-01"), ("县处级", "2026-01-05")]
    spans = db.session.execute(select(StatusSpan.valid_until).order_by(StatusSpan.id)).scalars().all()
    assert spans[:3] == [date(2026, 2, 1), clock.today(), None]
    assert state(send(lines[:1] + lines[2:], again=True)).outcomes == ["same"] * 3
    early = state(send([sheets.person(1, 干部级别="县处级", 起始日期="2025-01-01")]))
    assert early.outcomes == ["refused"], "the first rank of 2025 is on record"
    with transaction() as session:  # somebody ends the fourth on the page meanwhile
        session.execute(update(StatusSpan).where(StatusSpan.id == 5).values(valid_until=clock.today()))
    found = undo(changed)
    assert reasons(found) == [(5, "rank", roster_back.CHANGED)]
    assert roster()[:3] == before[:3]
    assert db.session.scalar(select(func.count(StatusSpan.id))) == 4
    sound(db)


def test_who_is_suspended_or_abroad_owes_less_and_an_undo_takes_it_back(
    send, state, confirm, undo, db, roster
):
    """Somebody new who is abroad, one who goes, one who comes back; their years are judged with the sheet."""

    def away(number, word, day=""):
        return sheets.person(number, 停止党籍或出国=word, 停止或出国日期=day)

    def targets():
        db.session.rollback()
        rows = select(Member.name, MemberYear.target).join(Member, Member.id == MemberYear.member_id)
        return [target for _name, target in sorted(db.session.execute(rows).tuples())]

    first = send([away(1, ""), away(2, "停止党籍", "2026-01-01"), away(3, "出国", "2026-01-01")])
    confirm(first)
    before, owed = roster(), targets()
    assert [(row["away"], row["away_since"]) for row in before[1:]] == [
        ("停止党籍", "2026-01-01"), ("出国", "2026-01-01"),
    ]  # fmt: skip
    assert owed[0] > 0 == owed[1] == owed[2], owed
    changed = send([away(1, "出国（境）", "2026-03-01"), away(2, "无")])
    told = queries.shown_line(db.session.execute(queries.lines(changed, "changed")).first())
    assert told["changes"] == [("Suspended or abroad", "无", "出国（2026-03-01）")]
    confirm(changed)
    assert 0 < targets()[0] < owed[0]
    assert targets()[1] > 0
    alone = state(send([away(4, "无", "2026-03-01")]))
    assert alone.outcomes == ["refused"], "a day of nothing"
    undo(changed)
    assert (roster(), targets()) == (before, owed)
    sound(db)
    undo(first)
    assert db.session.scalar(select(func.count(StatusSpan.id))) == 0
