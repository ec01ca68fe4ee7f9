"""Any order of post, reverse, transfer, sign, close and correct keeps the ledger whole. On both databases."""

from datetime import date

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import select

from pbtrain.closing import sealing, services
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book, HourClaim, HourEntry, MemberYear
from tests.hours.conftest import line
from tests.hours.test_machine import DAYS, MINUTES, PEOPLE, RULES, Ledger
from tests.support.machine import run

BRANCHES = st.integers(0, 2)


class Closing(Ledger):
    """The ledger's machine in the January after, with branches that sign and close."""

    start = "2027-01-20 03:00:00+00:00"

    @initialize()
    def begin(self):
        super().begin()
        self.closed: dict[int, tuple] = {}  # branch -> its book as it was closed
        self.figures: dict[int, tuple] = {}  # member -> what was sealed

    def book(self, branch):
        table = Book.__table__
        return tuple(
            db.session.execute(select(table).where(table.c.unit_id == branch, table.c.year == 2026)).first()
            or ()
        )

    @rule(where=BRANCHES, month=st.integers(1, 12))
    def sign(self, where, month):
        self.sign_up_to(self.branches[where], month)

    def sign_up_to(self, branch, month):
        book = self.book(branch)
        try:
            with transaction():
                services.sign(
                    self.judge, branch, 2026, month, since=date(2020, 1, 1), seen=book[3] if book else 0
                )
        except (RuleError, Conflict):
            return

    def settle(self, branch):
        """Refuse what is held and sign every month."""
        held = db.session.scalars(
            select(HourClaim.id).where(HourClaim.state == "held", HourClaim.unit_id == branch)
        ).all()
        for claim in held:
            with transaction():
                hours.decide_held(self.judge, claim, approve=False, reason="看过")
        self.sign_up_to(branch, 12)

    @rule(where=BRANCHES, settled=st.booleans())
    def close(self, where, settled):
        branch = self.branches[where]
        if settled and branch not in self.closed:
            self.settle(branch)
        try:
            with transaction():
                sealing.seal_unit(self.judge, branch, 2026)
        except Conflict:
            assert branch in self.closed
            return
        except RuleError:
            assert branch not in self.closed
            return
        assert branch not in self.closed
        self.closed[branch] = self.book(branch)
        table = MemberYear.__table__.c
        for row in db.session.execute(
            select(table.member_id, table.sealed_counted, table.sealed_target).where(
                table.sealed_counted.is_not(None)
            )
        ):
            self.figures.setdefault(row.member_id, tuple(row)[1:])

    @rule(pick=st.integers(0, 1000), after=st.booleans())
    def reverse(self, pick, after):
        rows = db.session.execute(
            select(HourEntry.id, HourEntry.source, HourEntry.reverses_id, Book.unit_id)
            .join(Book, Book.id == HourEntry.book_id)
            .order_by(HourEntry.id)
        ).all()
        if not rows:
            return
        entry = rows[pick % len(rows)]
        gone = any(other.reverses_id == entry.id for other in rows)
        may = entry.reverses_id is None and not gone and (after or entry.unit_id not in self.closed)
        try:
            with transaction():
                hours.reverse_many(None, [entry.id], reason="随机冲正", after_seal=after)
        except (RuleError, Conflict):
            assert not may
        else:
            assert may
            del self.standing[entry.source.rsplit("#", 1)[0]]

    @rule(who=PEOPLE, event=st.integers(20, 25), day=DAYS, minutes=MINUTES)
    def correct(self, who, event, day, minutes):
        """A line with a reason is taken whether its year is closed or not."""
        posted = self.post([line(self.members[who], f"correction:{event}", minutes, day, correction="漏记")])
        assert posted is not None

    @rule(who=PEOPLE, event=st.integers(13, 15), day=DAYS, minutes=MINUTES)
    def record_twice_at_once(self, who, event, day, minutes):
        if not self.closed:
            super().record_twice_at_once(who=who, event=event, day=day, minutes=minutes)

    @rule(rules=RULES, day=st.one_of(st.none(), DAYS), where=st.integers(-1, 2))
    def publish(self, rules, day, where):
        """Nobody publishes rules for a year that is over; here they come before the first seal."""
        if not self.closed:
            super().publish(rules=rules, day=day, where=where)

    @invariant()
    def what_is_closed_stays(self):
        for branch, book in self.closed.items():
            assert self.book(branch) == book
        table = MemberYear.__table__.c
        now = {
            row.member_id: (row.sealed_counted, row.sealed_target)
            for row in db.session.execute(select(table.member_id, table.sealed_counted, table.sealed_target))
        }
        assert all(now[member] == figures for member, figures in self.figures.items())
        db.session.rollback()


def test_any_order_with_closed_years_keeps_the_ledger_whole(db, backend, at_once, request):
    run(Closing, backend, request, steps=20, at_once=at_once)
