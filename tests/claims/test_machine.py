"""Any order of acts on claims keeps the ledger whole: what counts was decided, once, by somebody else."""

from datetime import date, timedelta
from types import SimpleNamespace
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import func, select

from pbtrain.claims import deciding, evidence, services
from pbtrain.claims.models import ClaimStep, Evidence
from pbtrain.closing import sealing
from pbtrain.closing import services as closing
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book, HourClaim, HourEntry, MemberYear
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.verify import verify
from pbtrain.org import services as org
from pbtrain.org.models import Member
from pbtrain.org.roles import Role
from tests import factories as make
from tests.claims.conftest import piece
from tests.support.machine import Machine, run

PICK = st.integers(0, 1000)
PEOPLE, BRANCHES = st.integers(0, 5), st.integers(0, 1)
DAYS = st.integers(0, 12).map(lambda n: date(2026, 2, 2) + timedelta(days=n * 25))
TWO_EYES = 300  # hundredths above which two must approve
WAITS = ("draft", "submitted", "returned", "appealed")
SAYS = {  # the last act of a claim by its state
    "draft": {"made", "changed"},
    "submitted": {"submitted", "agreed", "confirmed", "undone"},
    "returned": {"returned", "changed"},
    "approved": {"approved", "granted"},
    "rejected": {"rejected", "upheld"},
    "appealed": {"appealed"},
    "withdrawn": {"withdrawn"},
}


class Claims(Machine):
    """Two branches in the January after: in each two who decide and a member; and two people above.

    Whoever acts is drawn from all who could be asked, also where the claim is their own.
    """

    start = "2027-01-12 03:00:00+00:00"
    picture = None

    @initialize()
    def begin(self):
        self.begin_anew()
        root = make.unit()
        with transaction():
            asked = PolicyRules(two_eyes_above=TWO_EYES, appeal_days=15)
            hours.publish_policy(None, root.id, 2025, asked)
        units = [make.unit(parent=root) for _ in range(2)]
        self.branches = [unit.id for unit in units]
        self.secretaries = [
            [make.actor(make.person(Role.BRANCH_SECRETARY, unit)) for _ in range(2)] for unit in units
        ]
        self.people = [actor for pair in self.secretaries for actor in pair]
        self.people += [make.actor(make.member(unit)) for unit in units]
        self.above = [make.actor(make.person(Role.UNIT_AUDITOR, root)) for _ in range(2)]
        self.closed: dict[int, tuple] = {}  # branch -> its book of 2026 as it was closed
        self.reversed: set[str] = set()  # sources that were reversed in the ledger itself
        for n in range(12):  # of each person two that overlap, some of them worth more than one may decide
            member, day = self.people[n % 6], date(2026, 3, 2 + n % 6)
            minutes, kind = (45, 90, 200)[n % 3], "host" if n in (4, 5) else "paper"
            self.claim(member, member, kind, day, minutes, begins=9, hand_in=True)

    # -- who, what, and whether it was taken

    def drawn(self, pick, *states):
        """A claim in one of these states: id, version, branch, member."""
        found = db.session.execute(
            select(HourClaim.id, HourClaim.version, HourClaim.unit_id, HourClaim.member_id, HourClaim.credit)
            .where(HourClaim.state.in_(states))
            .order_by(HourClaim.id)
        ).all()
        return found[pick % len(found)] if found else None

    def decider(self, row, pick):
        """Somebody who may decide in that branch, also on their own."""
        return (self.secretaries[self.branches.index(row.unit_id)] + self.above)[pick % 4]

    def look(self, who, claim_id):
        with transaction() as session:
            for one in session.scalars(select(Evidence.id).where(Evidence.claim_id == claim_id)).all():
                evidence.look(who.account_id, one, session)

    # -- what members do

    @rule(
        who=PEOPLE, by=PICK, kind=st.sampled_from(["self_study", "paper", "paper", "host"]), day=DAYS,
        minutes=st.sampled_from([20, 45, 90, 180, 300]), begins=st.sampled_from([None, None, 9, 10]),
        proved=st.booleans(), hand_in=st.booleans(),
    )  # fmt: skip
    def write(self, who, by, kind, day, minutes, begins, proved, hand_in):
        member = self.people[who]
        actor = member if by % 3 else self.people[by % 4]
        self.claim(actor, member, kind, day, minutes, begins=begins, hand_in=hand_in, proved=proved)

    def claim(self, actor, member, kind, day, minutes, *, begins=None, hand_in=False, proved=False):
        away = self.branches[self.people.index(member) in (0, 1, 4)]  # the branch that is not theirs at first
        host = away if kind == "host" else None
        starts = clock.at(day, begins) if begins else None
        wanted = services.Wanted(kind, "示例", day, minutes, host_unit_id=host, starts_at=starts)
        pieces = [self.picture] if proved else []
        made = self.attempt(
            lambda: services.make(actor, member.member_id, wanted, pieces, form_id=str(uuid4()))
        )
        if made and hand_in:
            self.attempt(lambda: services.submit(actor, made[0], 1))

    @rule(pick=PICK)
    def submit(self, pick):
        if row := self.drawn(pick, "draft", "returned"):
            self.attempt(lambda: services.submit(self.people[pick % 6], row.id, row.version))

    @rule(pick=PICK, minutes=st.sampled_from([45, 200]))
    def change(self, pick, minutes):
        if row := self.drawn(pick, "draft", "returned"):
            wanted = services.Wanted("paper", "示例改", date(2026, 5, 4), minutes)
            self.attempt(lambda: services.change(self.people[0], row.id, row.version, wanted, []))

    @rule(pick=PICK)
    def withdraw(self, pick):
        if row := self.drawn(pick, *WAITS):
            self.attempt(lambda: services.withdraw(self.people[0], row.id, row.version))

    @rule(pick=PICK)
    def appeal(self, pick):
        if row := self.drawn(pick, "rejected"):
            self.attempt(lambda: services.appeal(self.people[0], row.id, row.version, reason="请再看看"))

    # -- what secretaries and the level above do

    @rule(pick=PICK, by=PICK)
    def confirm(self, pick, by):
        visits = db.session.execute(
            select(HourClaim.id, HourClaim.version)
            .where(HourClaim.kind == "host", HourClaim.state == "submitted", HourClaim.host_at.is_(None))
            .order_by(HourClaim.id)
        ).all()
        if visits:
            row = visits[pick % len(visits)]
            self.attempt(lambda: services.confirm_host(self.people[by % 6], row.id, row.version))

    @rule(by=PICK, picks=st.lists(PICK, min_size=1, max_size=3), stale=st.booleans(), undo=st.booleans())
    def approve(self, by, picks, stale, undo):
        rows = {row.id: row for pick in picks if (row := self.drawn(pick, "submitted"))}
        if not rows:
            return
        who = self.decider(next(iter(rows.values())), by)
        for claim_id in rows:
            self.look(who, claim_id)
        wanted = [(row.id, row.version - (stale and by % 5 == 0)) for row in rows.values()]
        if self.attempt(lambda: deciding.approve(who, wanted)) and undo:
            for claim_id, version in wanted:
                self.attempt(lambda one=claim_id, seen=version + 1: deciding.take_back(who, one, seen))

    @rule(where=BRANCHES, by=PICK, undo=st.booleans())
    def approve_what_waits(self, where, by, undo):
        """A sitting: everything in the branch, each by itself; now and then all is taken back."""
        waiting = select(HourClaim.id, HourClaim.version).where(
            HourClaim.state == "submitted", HourClaim.unit_id == self.branches[where]
        )
        who = (self.secretaries[where] + self.above)[by % 4]
        for row in db.session.execute(waiting.order_by(HourClaim.id)).all():
            self.look(who, row.id)
            done = self.attempt(lambda row=row: deciding.approve(who, [(row.id, row.version)]))
            if done and undo:
                self.attempt(lambda row=row: deciding.take_back(who, row.id, row.version + 1))

    @rule(pick=PICK, by=PICK, back=st.booleans())
    def refuse(self, pick, by, back):
        if row := self.drawn(pick, "submitted"):
            act = deciding.send_back if back else deciding.reject
            self.attempt(lambda: act(self.decider(row, by), row.id, row.version, reason="看不清"))

    @rule(pick=PICK, by=PICK)
    def take_back(self, pick, by):
        if row := self.drawn(pick, "approved", "returned", "rejected"):
            self.attempt(lambda: deciding.take_back(self.decider(row, by), row.id, row.version))

    @rule(pick=PICK, by=PICK, grant=st.booleans())
    def judge(self, pick, by, grant):
        if row := self.drawn(pick, "appealed"):
            who = self.above[by % 2] if by % 4 else self.people[by % 6]
            self.attempt(lambda: deciding.judge(who, row.id, row.version, grant=grant, reason="看过"))

    @rule(pick=PICK, by=PICK, grant=st.booleans())
    def decide_overlap(self, pick, by, grant):
        if row := self.drawn(pick, "held"):
            who = self.decider(row, by)
            self.attempt(lambda: hours.decide_held(who, row.id, approve=grant, reason="看过"))

    @rule(pick=PICK)
    def reverse(self, pick):
        entries = db.session.execute(
            select(HourEntry.id, HourEntry.source)
            .where(HourEntry.reverses_id.is_(None))
            .order_by(HourEntry.id)
        ).all()
        if entries:
            entry = entries[pick % len(entries)]
            if self.attempt(lambda: hours.reverse_many(None, [entry.id], reason="记错了")):
                self.reversed.add(entry.source)

    # -- what happens around them

    @rule(who=PEOPLE, where=BRANCHES)
    def transfer(self, who, where):
        member_id = self.people[who].member_id

        def move():
            org.transfer(None, member_id, unit_id=self.branches[where])
            db.session.flush()
            for year in (2026, 2027):
                hours.refresh_years([member_id], year)

        self.attempt(move)

    @rule(days=st.sampled_from([1, 6, 16]))
    def wait(self, days):
        self.clock.shift(timedelta(days=days))

    @rule(where=BRANCHES, settled=st.sampled_from([False, False, True]))
    def close(self, where, settled):
        branch = self.branches[where]
        if settled and branch not in self.closed:
            self.settle(branch)
        try:
            with transaction():
                sealing.seal_unit(self.above[0], branch, 2026)
        except (RuleError, Conflict):
            return
        assert branch not in self.closed
        self.closed[branch] = self.book(branch)

    def settle(self, branch):
        """Nothing waits in the branch any more, and every month is signed."""
        for row in db.session.execute(
            select(HourClaim.id, HourClaim.version, HourClaim.state).where(
                HourClaim.unit_id == branch, HourClaim.state.in_((*WAITS, "held"))
            )
        ).all():
            if row.state == "held":
                self.attempt(
                    lambda row=row: hours.decide_held(self.above[0], row.id, approve=False, reason="看过")
                )
            elif row.state == "appealed":
                self.attempt(
                    lambda row=row: deciding.judge(
                        self.above[1], row.id, row.version, grant=False, reason="看过"
                    )
                )
            else:
                self.attempt(lambda row=row: services.withdraw(self.people[0], row.id, row.version))
        book = self.book(branch)
        seen = book[3] if book else 0
        self.attempt(lambda: closing.sign(self.above[0], branch, 2026, 12, since=date(2020, 1, 1), seen=seen))

    def book(self, branch):
        table = Book.__table__
        row = db.session.execute(select(table).where(table.c.unit_id == branch, table.c.year == 2026)).first()
        return tuple(row or ())

    # -- what must hold

    @invariant()
    def what_counts_was_decided_once_and_by_somebody_else(self):
        if not hasattr(self, "branches"):
            return
        db.session.rollback()
        claims = db.session.execute(select(HourClaim.__table__)).all()
        entries = db.session.execute(
            select(HourEntry.id, HourEntry.source, HourEntry.reverses_id, HourEntry.member_id,
                   HourEntry.minutes, HourEntry.credit, HourEntry.posted_by_id)
        ).all()  # fmt: skip
        gone = {entry.reverses_id for entry in entries}
        live: dict[str, SimpleNamespace] = {}
        for entry in entries:
            if entry.reverses_id is None and entry.id not in gone:
                occasion = entry.source.split("/")[0]
                assert occasion not in live, "a claim posted twice"
                live[occasion] = entry
        logins = dict(db.session.execute(select(Member.account_id, Member.id)).tuples().all())
        approved = {
            row.occurrence: row for row in claims if row.state == "approved" and row.kind != "overlap"
        }
        held = {row.occurrence: row.state for row in claims if row.kind == "overlap"}
        assert live.keys() <= approved.keys(), "a line without a decision"
        for occasion, row in approved.items():
            lost = any(source.startswith(f"{occasion}/") for source in self.reversed)
            assert occasion in live or lost or held.get(occasion) in ("held", "rejected"), "a decision lost"
            assert None not in (row.decided_by_id, row.decided_at)
            if row.credit > TWO_EYES:
                assert row.second_by_id not in (None, row.decided_by_id), "one pair of eyes"
        for occasion, entry in live.items():
            assert (entry.member_id, entry.minutes <= approved[occasion].minutes) == (
                approved[occasion].member_id, True,
            )  # fmt: skip
            assert logins.get(entry.posted_by_id) != entry.member_id, "one's own hours"
        for row in claims:
            assert row.member_id not in (row.decided_by_member_id, row.second_by_member_id)
        self.totals_are_those_of_the_lines(entries)
        for branch, book in self.closed.items():
            assert self.book(branch) == book, "a closed book changed"
        db.session.rollback()

    def totals_are_those_of_the_lines(self, entries):
        sums = (sum(e.minutes for e in entries), sum(e.credit for e in entries), len(entries))
        books = db.session.execute(
            select(func.sum(Book.minutes), func.sum(Book.credit + Book.prior_credit), func.sum(Book.entries))
        ).one()
        assert tuple(n or 0 for n in books) == sums
        years = dict(
            db.session.execute(
                select(MemberYear.member_id, func.sum(MemberYear.minutes)).group_by(MemberYear.member_id)
            )
            .tuples()
            .all()
        )
        for member_id, minutes in years.items():
            assert minutes == sum(e.minutes for e in entries if e.member_id == member_id)

    def teardown(self):
        if not hasattr(self, "branches"):
            return
        db.session.rollback()
        assert [str(finding) for finding in verify()] == []
        last = dict(
            db.session.execute(
                select(ClaimStep.claim_id, ClaimStep.act).order_by(ClaimStep.claim_id, ClaimStep.id)
            )
            .tuples()
            .all()
        )
        states = db.session.execute(
            select(HourClaim.id, HourClaim.state).where(HourClaim.kind != "overlap")
        ).all()
        assert [row for row in states if last[row.id] not in SAYS[row.state]] == []
        db.session.rollback()


def test_any_order_of_acts_on_claims_keeps_the_ledger_whole(db, backend, request):
    Claims.picture = piece(1)
    run(Claims, backend, request, steps=30)
