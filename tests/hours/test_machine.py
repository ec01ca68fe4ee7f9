"""Any order of post, reverse, transfer, change of post, publication of rules, repeat and two at once keeps
the ledger whole, and what explains a number adds up to it. On both databases."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import func, select, update

from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.hours import queries
from pbtrain.hours import services as hours
from pbtrain.hours.formula import explain, hundredths
from pbtrain.hours.models import Book, HourClaim, HourEntry, MemberYear
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.verify import verify
from pbtrain.org import posts
from pbtrain.org.models import Affiliation, Member
from tests import factories as make
from tests.hours.conftest import line
from tests.support.machine import Machine, run

DAYS = st.integers(0, 40).map(lambda n: date(2026, 1, 1) + timedelta(days=n * 6))
PEOPLE = st.integers(0, 3)
MINUTES = st.integers(1, 300)
RULES = st.builds(
    PolicyRules,
    targets=st.sampled_from([{"member": 3200, "leader": 5600}, {"member": 4000, "leader": 6050}]),
    minutes_per_hour=st.sampled_from([30, 45, 60]),
    day_cap=st.sampled_from([300, 800]),
    self_cap=st.sampled_from([0, 500]),
    proof_caps=st.sampled_from([{}, {"B": 700}]),
)


class Ledger(Machine):
    """Three branches, four members, and a model that knows which sources stand."""

    start = "2026-11-20 03:00:00+00:00"
    at_once = None

    @initialize()
    def begin(self):
        self.begin_anew()
        self.standing: dict[str, int] = {}  # source base -> minutes of the line that stands
        root = make.ruled()
        self.root = root.id
        self.judge = make.actor(make.account())
        self.branches = [make.unit(parent=root).id for _ in range(3)]
        self.members = [
            make.member(db.session.get(make.Unit, self.branches[n % 2]), with_account=False).id
            for n in range(4)
        ]

    def post(self, lines):
        try:
            with transaction():
                posted = hours.post_many(None, lines)
        except RuleError:
            return None
        written = db.session.scalars(select(HourEntry).where(HourEntry.id.in_(posted.entry_ids))).all()
        for entry in written:
            base = entry.source.rsplit("#", 1)[0]
            assert base not in self.standing, "a source posted twice"
            self.standing[base] = entry.minutes
        assert len(written) + posted.already + posted.held == len(lines)
        return posted

    @rule(who=st.lists(PEOPLE, min_size=1, max_size=4), event=st.integers(1, 6), day=DAYS, minutes=MINUTES)
    def record(self, who, event, day, minutes):
        self.post([line(self.members[n], f"event:{event}", minutes, day) for n in who])

    @rule(
        who=PEOPLE, event=st.integers(7, 12), day=DAYS, start=st.integers(8, 11), length=st.integers(30, 240)
    )
    def record_with_times(self, who, event, day, start, length):
        begins = clock.at(day, start)
        ends = begins + timedelta(minutes=length)
        self.post([line(self.members[who], f"event:{event}", length, day, starts_at=begins, ends_at=ends)])

    @rule(pick=st.integers(0, 1000))
    def reverse(self, pick):
        entries = db.session.scalars(select(HourEntry).order_by(HourEntry.id)).all()
        if not entries:
            return
        entry = entries[pick % len(entries)]
        base = entry.source.rsplit("#", 1)[0]
        entry_id, is_line = entry.id, entry.reverses_id is None
        gone = any(other.reverses_id == entry_id for other in entries)
        try:
            with transaction():
                hours.reverse_many(None, [entry_id], reason="随机冲正")
        except (RuleError, Conflict):
            assert gone or not is_line
        else:
            assert is_line
            assert not gone
            del self.standing[base]

    @rule(who=PEOPLE, where=st.integers(0, 2), day=DAYS)
    def transfer(self, who, where, day):
        """Move today's affiliation; days before stay with the old branch."""
        member_id, unit_id = self.members[who], self.branches[where]
        open_since = db.session.scalar(
            select(Affiliation.valid_from).where(
                Affiliation.member_id == member_id, Affiliation.valid_until.is_(None)
            )
        )
        if day <= open_since:
            return
        with transaction() as session:
            session.execute(
                update(Affiliation)
                .where(Affiliation.member_id == member_id, Affiliation.valid_until.is_(None))
                .values(valid_until=day)
            )
            session.add(Affiliation(member_id=member_id, unit_id=unit_id, valid_from=day))
            session.execute(update(Member).where(Member.id == member_id).values(unit_id=unit_id))
            session.flush()
            hours.refresh_years([member_id], 2026)

    @rule(
        who=PEOPLE,
        kind=st.sampled_from(["secretary", "committee_member"]),
        day=DAYS,
        length=st.integers(0, 90),
    )
    def take_post(self, who, kind, day, length):
        """A post from a day on, without an end or for some days; the target follows."""
        member_id = self.members[who]
        unit_id = db.session.scalar(select(Member.unit_id).where(Member.id == member_id))
        until = day + timedelta(days=length) if length else None
        try:
            with transaction():
                posts.give_post(
                    None, member_id, unit_id=unit_id, kind=kind, valid_from=day, valid_until=until
                )
                db.session.flush()
                hours.refresh_years([member_id], 2026)
        except RuleError:  # the branch has a secretary on these days
            return

    @rule(rules=RULES, day=st.one_of(st.none(), DAYS), where=st.integers(-1, 2))
    def publish(self, rules, day, where):
        """New rules for all or for one branch, from a day on; everybody below is judged anew."""
        unit_id = self.root if where < 0 else self.branches[where]
        with transaction():
            hours.publish_policy(None, unit_id, 2026, rules, effective_on=day)
        with transaction():
            hours.refresh_years(self.members, 2026)

    @rule(who=PEOPLE, event=st.integers(13, 15), day=DAYS, minutes=MINUTES)
    def record_twice_at_once(self, who, event, day, minutes):
        wanted = line(self.members[who], f"event:{event}", minutes, day)

        def post():
            with transaction():
                return hours.post_many(None, [wanted])

        db.session.rollback()
        results = self.at_once(post, post)
        assert all(isinstance(r, hours.Posted) for r in results), results
        base = hours.source_base(wanted.occurrence, wanted.member_id)
        news = sum(len(r.entry_ids) for r in results)
        assert news == (0 if base in self.standing else 1)
        self.standing.setdefault(base, minutes)

    @rule(pick=st.integers(0, 1000), approve=st.booleans())
    def decide(self, pick, approve):
        claims = db.session.scalars(
            select(HourClaim.id).where(HourClaim.state == "held").order_by(HourClaim.id)
        ).all()
        if not claims:
            return
        try:
            with transaction():
                entry_id = hours.decide_held(
                    self.judge, claims[pick % len(claims)], approve=approve, reason="看过"
                )
        except RuleError:
            return
        if entry_id is not None:
            entry = db.session.get(HourEntry, entry_id)
            self.standing[entry.source.rsplit("#", 1)[0]] = entry.minutes

    @invariant()
    def the_ledger_is_whole(self):
        db.session.rollback()
        assert [str(finding) for finding in verify()] == []
        total = sum(self.standing.values())
        for table in (HourEntry, Book, MemberYear):
            assert (db.session.scalar(select(func.sum(table.minutes))) or 0) == total
        for member_id in self.members:
            self.adds_up(member_id)
        db.session.rollback()

    def adds_up(self, member_id):
        """What the page of a year says of each line and each stretch of days, against what is cached."""
        year = queries.year_of(member_id, 2026)
        found = queries.judged(year, date(2026, 1, 1), date(2026, 12, 31)).assessment
        told = explain(found)
        kept = db.session.execute(
            select(MemberYear.counted, MemberYear.target).where(
                MemberYear.member_id == member_id, MemberYear.credit_year == 2026
            )
        ).first()
        if kept is not None:
            assert (sum(one.counted for one in found.verdicts), found.target) == tuple(kept)
        summands = (one.split("×") for one in told.sum.split(" + ") if one != "0")
        exact = sum(Fraction(rate) * Fraction(days) for rate, days in summands)
        assert hundredths(exact.numerator * 100, exact.denominator) == told.exact
        assert told.exact <= Decimal(told.target) < told.exact + 1


def test_any_order_keeps_the_ledger_whole(db, backend, at_once, request):
    run(Ledger, backend, request, steps=12, at_once=at_once)
