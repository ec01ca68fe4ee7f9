"""What writing a large roster holds is short: ids are taken before, years of many are judged after.

In between a process may die, and somebody else may write: nothing is lost, doubled or half done.
"""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from pbtrain.accounts.models import Account
from pbtrain.core import bulk, clock, queue
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.queue import Job
from pbtrain.home import roster_work
from pbtrain.hours import jobs, rosters, services, verify
from pbtrain.hours.models import MemberYear
from pbtrain.org import erasure
from pbtrain.org.models import Member, Post, RosterRow
from pbtrain.org.roles import Role
from pbtrain.org.roster import services as roster_services
from tests.roster import sheets


def counted(db, table):
    return db.session.scalar(select(func.count()).select_from(table))


def found(db):
    """What the verification of the ledger finds."""
    db.session.rollback()
    return [str(one) for one in verify.verify()]


@pytest.fixture
def few(monkeypatch):
    """Two members are too many to be judged with the change itself."""
    monkeypatch.setattr(rosters, "AT_ONCE", 1)
    monkeypatch.setattr(rosters, "BATCH", 1)


@pytest.fixture
def admitted(send, confirm, db):
    """Two candidates whom a second sheet, not written yet, shows as members; its import."""
    confirm(send([sheets.person(number, 党员类别="发展对象") for number in (1, 2)]))
    return send([sheets.person(number, 党员类别="正式党员") for number in (1, 2)])


def test_the_years_of_many_are_judged_after_the_commit(admitted, confirm, few, db):
    confirm(admitted)
    assert set(db.session.scalars(select(Member.stage))) == {"full"}
    assert len(found(db)) > 0  # what is checked below can be wrong
    assert queue.run_waiting() == 1
    assert found(db) == []
    assert min(db.session.scalars(select(MemberYear.target))) > 0


def test_a_worker_that_dies_over_the_years_is_followed_by_another(admitted, confirm, few, db, monkeypatch):
    confirm(admitted)
    refresh, asked = services.refresh_years, []

    def dies(ids, year):
        asked.append(ids)
        if len(asked) == 2:
            raise SystemExit
        refresh(ids, year)

    monkeypatch.setattr(services, "refresh_years", dies)
    with pytest.raises(SystemExit):
        queue.run_waiting()
    assert len(found(db)) > 0
    with transaction() as session:  # as time does
        session.execute(
            update(Job).where(Job.state == "running").values(lease_until=clock.now() - queue.LEASE)
        )
    [job] = db.session.scalars(select(Job.id).where(Job.kind == rosters.SETTLE))
    assert queue.run(job)
    assert found(db) == []


def test_years_whose_job_was_lost_are_right_the_next_day(admitted, confirm, few, db):
    confirm(admitted)
    with transaction() as session:
        session.execute(update(Job).values(state="failed"))
        session.execute(update(MemberYear).values(due_on=clock.today() - timedelta(days=1)))
    assert jobs.refresh_pace() == 2
    assert found(db) == []


def test_without_a_policy_many_are_refused_as_few_are(admitted, confirm, few, db, state, monkeypatch):
    def none(unit_id, year):
        raise RuleError("No policy is in force")

    monkeypatch.setattr(rosters.posting, "policies", lambda units: none)
    with pytest.raises(RuleError, match="No policy is in force"):
        confirm(admitted)
    assert set(db.session.scalars(select(Member.stage))) == {"candidate"}
    assert state(admitted).state == "preview"


def test_an_undo_of_many_is_judged_after_the_commit(admitted, confirm, few, db, office):
    confirm(admitted)
    queue.run_waiting()
    roster_work.undo(office.actor, admitted)
    assert len(found(db)) > 0
    assert queue.run_waiting() == 1
    assert found(db) == []


def test_who_dies_after_taking_ids_has_written_nothing(send, confirm, db, office, state, monkeypatch):
    import_id = send([sheets.person(1, 党内职务="书记"), sheets.person(2)])
    with monkeypatch.context() as patch:
        patch.setattr(roster_services, "confirm", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            confirm(import_id)
    assert state(import_id).state == "preview"
    assert (counted(db, Member), counted(db, Post)) == (0, 0)
    assert counted(db, Account) == 1
    assert confirm(import_id)[0] == 2
    assert found(db) == []


def test_all_or_nothing_also_when_the_last_statement_fails(send, confirm, db, state, monkeypatch):
    import_id = send([sheets.person(1, 党内职务="书记"), sheets.person(2)])
    with monkeypatch.context() as patch:
        patch.setattr(rosters, "begin_years", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            confirm(import_id)
    assert state(import_id).state == "preview"
    assert (counted(db, Member), counted(db, Post), counted(db, Account)) == (0, 0, 1)
    assert confirm(import_id)[0] == 2


def started(office, import_id):
    """A plan, its ids taken where they are taken early."""
    plan = roster_services.prepare(office.actor, import_id, "all_or_nothing")
    roster_services.number(office.actor, plan)
    return plan


def finish(office, plan):
    years = rosters.first_years(
        [rosters.Arrival(one.unit_id, one.since, one.stage) for one in plan.new.people]
    )
    with transaction():
        rosters.begin_years(roster_services.confirm(office.actor, plan).new, years)


def test_a_roster_that_took_its_ids_earlier_and_is_written_later_is_seen(send, db, office, make, state):
    """Its people have smaller ids than somebody who came between, and are still new to the second roster."""
    twins = [send([sheets.person(1, 身份证号="", 出生日期="1990-03-07")], above=n) for n in (0, 1)]
    first = started(office, twins[0])
    make.member(office.branches[2])
    second = started(office, twins[1])
    finish(office, first)
    with pytest.raises(Conflict, match="changed since"):
        finish(office, second)
    assert state(twins[1]).state == "preview"
    assert db.session.scalar(select(func.count()).where(Member.name == sheets.person(1)["姓名"])) == 1


def test_a_post_that_took_its_id_earlier_and_is_given_later_is_seen(send, confirm, db, office, make):
    confirm(send([sheets.person(1)]))
    twins = [send([sheets.person(1, 党内职务=post)]) for post in ("书记", "委员")]
    first = started(office, twins[0])
    somebody = make.member(office.branches[2])
    make.save(
        Post(member_id=somebody.id, unit_id=office.branches[2].id, kind="deputy", valid_from=clock.today())
    )
    second = started(office, twins[1])
    finish(office, first)
    with pytest.raises(Conflict, match="changed since"):
        finish(office, second)
    assert sorted(db.session.scalars(select(Post.kind))) == ["deputy", "secretary"]


def test_another_roster_of_other_people_is_in_nobodys_way(send, db, office):
    imports = [send([sheets.person(number)]) for number in (1, 2)]
    plans = [started(office, import_id) for import_id in imports]
    for plan in plans:
        finish(office, plan)
    assert counted(db, Member) == 2


def test_an_erasure_removes_the_line_that_brought_the_person(send, confirm, db, office, make):
    _, new = confirm(send([sheets.person(number) for number in (1, 2)]))
    actor = make.actor(make.person(Role.SYSTEM_ADMIN, office.root))
    with transaction() as session:
        session.execute(update(Member).where(Member.id == new[0]).values(left_on=clock.today()))
    with transaction():
        erasure.erase(actor, new[0], reason="示例：本人申请")
    assert db.session.scalars(select(RosterRow.name)).all() == [sheets.person(2)["姓名"]]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_foreign_keys_of_many_rows_are_not_checked_by_plans_for_a_few(db, make, office):
    """PostgreSQL keeps the plan of each check: made for a table of one page it reads that table whole, for
    each of the new rows."""
    for _ in range(20):
        make.member(office.branches[0])
    with transaction() as session:
        session.execute(text("ANALYZE"))
    with transaction() as session:
        for _ in range(8):  # PostgreSQL keeps a plan after five
            login = Account(username=f"r{_}", name="示例")
            session.add(login)
            session.flush()
            session.add(Member(account_id=login.id, unit_id=office.branches[0].id, name="示例", code=f"R{_}"))
            session.flush()
        logins, people = Account.__table__, Member.__table__
        ids = bulk.reserve(logins, bulk.MANY)
        now = clock.now()
        rows = [(key, f"s{key}", "示例", now) for key in ids]
        columns = ("id", "username", "name", "created_at")
        bulk.insert(logins, columns, bulk.native(logins, columns, rows))
        before = _whole(session)
        more = bulk.defaults(people, ("account_id", "name", "code", "created_at"))
        columns = ("account_id", "name", "code", "created_at", *more)
        rows = [(key, "示例", f"S{key}", now, *more.values()) for key in ids]
        bulk.insert(people, columns, bulk.native(people, columns, rows))
        assert _whole(session) - before < 10
    assert counted(database, Member) == bulk.MANY + 28


def _whole(session):
    """How often this transaction has read all logins."""
    asked = text("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'account'")
    return session.scalar(asked)
