"""Units and members change in any order, day after day: every day's tree stays a tree, no hour is lost."""

from datetime import date, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import func, select

from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.home.reshaping import services as reshaping
from pbtrain.hours import custody
from pbtrain.hours import services as hours
from pbtrain.hours.models import Book, MemberYear
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.verify import verify
from pbtrain.org import history, posts, services, temporary, tree
from pbtrain.org.models import Affiliation, Member, Post, RoleGrant, Unit, UnitClosure, UnitLink, UnitName
from pbtrain.org.queries import is_on
from pbtrain.org.reshaping import Part, members_of, units_of
from tests.support.machine import Machine, run

FIRST = date(2026, 3, 2)
PICK = st.integers(0, 1000)
KINDS = st.sampled_from(["committee", "branch", "branch", "temporary_branch", "general_branch"])


class Organisation(Machine):
    """Two committees with two branches of three each; days pass, and everything may happen to them."""

    start = "2026-03-02 04:00:00+00:00"

    @initialize()
    def begin(self):
        self.begin_anew()
        self.names = 0
        self.posted: dict[int, int] = {}  # member -> minutes
        self.days = [FIRST]
        with transaction():
            self.root = tree.add_unit(None, name="Top", kind="committee", parent_id=None).id
            hours.publish_default_policy(None, self.root, 2026)
            for _ in range(2):
                above = self.new(self.root, "committee")
                for _ in range(2):
                    unit_id = self.new(above, "branch")
                    for _ in range(3):
                        self.person(unit_id)

    def new(self, parent_id, kind, **more):
        self.names += 1
        return tree.add_unit(None, name=f"U{self.names}", kind=kind, parent_id=parent_id, **more).id

    def person(self, unit_id):
        self.names += 1
        member = services.add_member(None, unit_id=unit_id, name=f"M{self.names}")
        db.session.flush()
        hours.refresh_years([member.id], 2026)
        return member.id

    def some(self, pick, *kinds):
        """A live unit of these kinds; the top is one only where no kind is named."""
        found = select(Unit.id).where(Unit.valid_until.is_(None)).order_by(Unit.id)
        wanted = found.where(Unit.kind.in_(kinds), Unit.parent_id.is_not(None)) if kinds else found
        return self.one_of(db.session.scalars(wanted).all(), pick)

    def someone(self, pick):
        standing = select(Member.id).where(Member.left_on.is_(None)).order_by(Member.id)
        return self.one_of(db.session.scalars(standing).all(), pick)

    def one_of(self, ids, pick):
        """Another one in another moment, also where hypothesis picks 0 again and again."""
        return ids[(pick + self.names) % len(ids)] if ids else None

    @rule(where=PICK, kind=KINDS, days=st.integers(1, 9))
    def add_unit(self, where, kind, days):
        ends = clock.today() + timedelta(days=days) if kind == "temporary_branch" else None
        parent_id = self.some(where, "committee", "general_branch") or self.root
        self.attempt(lambda: self.new(parent_id, kind, ends_on=ends))

    @rule(where=PICK, count=st.integers(1, 4))
    def add_many(self, where, count):
        self.names += 1
        named = [(f"N{self.names}-{n}", "") for n in range(count)]
        parent_id = self.some(where, "committee", "general_branch") or self.root
        self.attempt(lambda: tree.add_units(None, parent_id, named, kind="branch"))

    @rule(where=PICK, name=st.integers(0, 3))
    def rename(self, where, name):
        unit_id = self.some(where)
        self.attempt(lambda: tree.change_unit(None, unit_id, name=f"R{name}"))

    @rule(which=PICK, kind=KINDS, where=PICK, below=st.sampled_from(["committee", "committee", "branch"]))
    def move(self, which, kind, where, below):
        unit_id, parent_id = self.some(which, kind) or self.root, self.some(where, below) or self.root
        self.attempt(lambda: reshaping.move(None, unit_id, parent_id))

    @rule(which=PICK, kind=KINDS)
    def abolish(self, which, kind):
        unit_id = self.some(which, kind) or self.root
        self.attempt(lambda: reshaping.abolish(None, unit_id))

    @rule(kind=KINDS, one=PICK, two=PICK, three=PICK, repented=st.booleans())
    def merge(self, kind, one, two, three, repented):
        into_id = self.some(one, kind)
        ending = {self.some(two, kind), self.some(three, kind)} - {into_id, None}
        if into_id and ending:
            done = self.attempt(lambda: reshaping.merge(None, sorted(ending), into_id))
            if done and repented:
                self.reopen(one)

    @rule(kind=KINDS, one=PICK, two=PICK)
    def merge_into_new(self, kind, one, two):
        ending = sorted({self.some(one, kind), self.some(two, kind)} - {None})
        self.names += 1
        name = f"U{self.names}"
        if ending:
            self.attempt(lambda: reshaping.merge_into_new(None, ending, self.root, name=name))

    @rule(which=PICK, stay=st.integers(0, 3), parts=st.integers(1, 3))
    def split(self, which, stay, parts):
        """Of a unit with two or more in it some stay; now and then all would go, or too few for the parts."""
        live = db.session.scalars(select(Unit.id).where(Unit.valid_until.is_(None)).order_by(Unit.id)).all()
        able = [unit_id for unit_id in live if len(members_of(unit_id) or units_of(unit_id)) > 1]
        unit_id = self.one_of(able, which)
        if unit_id is None:
            return
        whole = members_of(unit_id) or units_of(unit_id)
        going = whole[(stay + self.names) % len(whole) :]
        self.names += 1
        made = [Part(f"S{self.names}-{n}", tuple(going[n::parts])) for n in range(parts)]
        self.attempt(lambda: reshaping.split(None, unit_id, made))

    @rule(which=PICK)
    def reopen(self, which):
        """Take back what ended today, where that is possible."""
        ended = db.session.scalars(
            select(Unit.id).where(Unit.valid_until == clock.today()).order_by(Unit.id)
        ).all()
        if ended:
            self.attempt(lambda: reshaping.reopen(None, ended[which % len(ended)]))

    @rule(where=PICK, asked=st.integers(33, 60))
    def own_rules(self, where, asked):
        """A committee asks for more: whoever moves in or out is judged anew."""
        unit_id = self.some(where, "committee", "general_branch")

        def publish():
            hours.publish_policy(
                None, unit_id, 2026, PolicyRules(targets={"member": asked * 100, "leader": 6000})
            )
            custody.judge_again([unit_id])

        if unit_id:
            self.attempt(publish)

    @rule(where=PICK)
    def add_member(self, where):
        unit_id = self.some(where, "branch", "temporary_branch")
        if unit_id:
            self.attempt(lambda: self.person(unit_id))

    @rule(who=PICK, where=PICK)
    def transfer(self, who, where):
        member_id, unit_id = self.someone(who), self.some(where, "branch", "temporary_branch")
        if member_id and unit_id:
            self.attempt(lambda: self.carry(member_id, unit_id))

    def carry(self, member_id, unit_id):
        services.transfer(None, member_id, unit_id=unit_id)
        db.session.flush()
        hours.refresh_years([member_id], 2026)

    @rule(who=PICK, up=st.integers(0, 2))
    def lead(self, who, up):
        """A post in the member's branch or a unit above it: it sets the target, and brings a role."""
        member_id = self.someone(who)

        def give():
            home = db.session.get(Member, member_id).unit_id
            for _ in range(up):
                home = db.session.get(Unit, home).parent_id or home
            posts.give_post(None, member_id, unit_id=home, kind="secretary", valid_from=clock.today())
            db.session.flush()
            hours.refresh_years([member_id], 2026)

        if member_id:
            self.attempt(give)

    @rule(who=PICK)
    def leave(self, who):
        member_id = self.someone(who)

        def gone():
            services.set_left(None, member_id, on=clock.today())
            db.session.flush()
            hours.refresh_years([member_id], 2026)

        if member_id:
            self.attempt(gone)

    @rule(who=PICK, back=st.integers(0, 6), minutes=st.integers(10, 200))
    def record(self, who, back, minutes):
        member_id, day = self.someone(who), clock.today() - timedelta(days=back)
        self.names += 1
        line = hours.Line(member_id, day, "theme_day", minutes, f"event:{self.names}", "示例")
        done = self.attempt(lambda: hours.post_many(None, [line]))
        if done is not None and done.entry_ids:
            self.posted[member_id] = self.posted.get(member_id, 0) + minutes

    @rule(days=st.sampled_from([1, 1, 2, 5]))
    def wait(self, days):
        self.clock.shift(timedelta(days=days))
        self.days.append(clock.today())
        reshaping.end_due_units()

    @invariant()
    def today_is_whole(self):
        db.session.rollback()
        units = {row.id: row for row in db.session.execute(select(Unit.id, Unit.parent_id, Unit.valid_until))}
        check_closure({row.id: row.parent_id for row in units.values()})
        for link in newest_links().values():
            assert link.parent_id == units[link.unit_id].parent_id
        standing = dict(
            db.session.execute(select(Member.id, Member.unit_id).where(Member.left_on.is_(None))).all()
        )
        assert all(units[unit_id].valid_until is None for unit_id in standing.values()), "in an ended unit"
        for table in (Post, RoleGrant):
            for row in db.session.execute(select(table.unit_id, table.valid_until)):
                ended = units[row.unit_id].valid_until
                assert ended is None or (row.valid_until is not None and row.valid_until <= ended)
        assert temporary.due() == []
        self.totals_are_kept()
        db.session.rollback()

    def totals_are_kept(self):
        """Activity: all minutes stand in the books; attainment: each member's, and the sum by custody."""
        total = sum(self.posted.values())
        assert (db.session.scalar(select(func.sum(Book.minutes))) or 0) == total
        rows = db.session.execute(
            select(MemberYear.member_id, MemberYear.minutes, MemberYear.custody_unit_id)
        ).all()
        assert {row.member_id: row.minutes for row in rows if row.minutes} == self.posted
        standing = dict(
            db.session.execute(select(Member.id, Member.unit_id).where(Member.left_on.is_(None))).all()
        )
        custody = {row.member_id: row.custody_unit_id for row in rows if row.custody_unit_id is not None}
        assert custody == standing

    def teardown(self):
        if not hasattr(self, "days"):
            return
        db.session.rollback()
        assert [str(finding) for finding in verify()] == []
        for day in self.days:
            check_day(self.root, day)
        for moment in range((clock.today() - FIRST).days + 1):
            check_affiliations(FIRST + timedelta(days=moment))
        db.session.rollback()


def newest_links():
    rows = db.session.execute(
        select(UnitLink.unit_id, UnitLink.parent_id).order_by(UnitLink.valid_from, UnitLink.id)
    )
    return {row.unit_id: row for row in rows}


def check_closure(parents):
    """The closure table holds exactly the ways up the parent links, and none goes in a circle."""
    expected = {}
    for unit_id in parents:
        above, depth = unit_id, 0
        while above is not None:
            assert depth <= len(parents), "a circle"
            expected[above, unit_id] = depth
            above, depth = parents[above], depth + 1
    rows = db.session.execute(select(UnitClosure.above_id, UnitClosure.below_id, UnitClosure.depth)).all()
    assert {(row.above_id, row.below_id): row.depth for row in rows} == expected
    assert len(rows) == len(expected)


def check_day(root, day):
    """That day's links make one tree below one root, one parent and one name each; the query finds all."""
    links = db.session.execute(select(UnitLink.unit_id, UnitLink.parent_id).where(is_on(UnitLink, day))).all()
    parents = {link.unit_id: link.parent_id for link in links}
    assert len(parents) == len(links), f"{day}: a unit with two parents"
    assert [unit_id for unit_id, parent_id in parents.items() if parent_id is None] == [root]
    for unit_id in parents:
        above, steps = unit_id, 0
        while above != root:
            above, steps = parents[above], steps + 1
            assert steps <= len(parents), f"{day}: a circle"
    named = db.session.execute(select(UnitName.unit_id, UnitName.name).where(is_on(UnitName, day))).all()
    assert sorted(row.unit_id for row in named) == sorted(parents), f"{day}: not one name each"
    found = {row.unit_id: (row.parent_id, row.name) for row in history.tree_on(root, day)}
    names = dict(named)
    assert found == {u: (p, names[u]) for u, p in parents.items()}


def check_affiliations(day):
    """Nobody stands in two branches on one day, and the branch of the day stands in the tree of the day."""
    rows = db.session.execute(
        select(Affiliation.member_id, Affiliation.unit_id, Member.left_on)
        .join(Member, Member.id == Affiliation.member_id)
        .where(is_on(Affiliation, day))
    ).all()
    assert len({row.member_id for row in rows}) == len(rows), f"{day}: in two branches"
    standing = set(db.session.scalars(select(UnitLink.unit_id).where(is_on(UnitLink, day))))
    assert {row.unit_id for row in rows if row.left_on is None or day < row.left_on} <= standing


def test_any_order_of_changes_keeps_every_days_tree(db, backend, request):
    run(Organisation, backend, request, steps=30)
