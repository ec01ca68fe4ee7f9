"""Taking an import back: what vanishes, what goes back, what stays and is named; twice is a sentence."""

import threading
from datetime import date
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select, update

from pbtrain.accounts.models import Account
from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict
from pbtrain.home import roster_work
from pbtrain.hours import services as hours
from pbtrain.hours.models import MemberYear
from pbtrain.org import services as org
from pbtrain.org.models import Affiliation, Member, Post, RoleGrant, RosterImport
from pbtrain.org.roles import Role
from pbtrain.org.roster import back as roster_back
from pbtrain.org.statuses import set_status
from tests.roster import sheets
from tests.roster.conftest import reasons, sound


@pytest.fixture
def learnt(db):
    """`learnt(member_id)`: an hour in the ledger."""

    def post(member_id):
        with transaction():
            hours.post_many(
                None, [hours.Line(member_id, clock.today(), "theme_day", 60, "event:1", "示例主题党日")]
            )

    return post


def members(db):
    return {row.name: row for row in db.session.scalars(select(Member).order_by(Member.id))}


def test_new_people_vanish_with_logins_posts_and_rights(send, confirm, undo, roster, db):
    rows = [sheets.person(1, 党内职务="书记"), sheets.person(2), sheets.person(3, 党员类别="积极分子")]
    import_id = send(rows)
    confirm(import_id)
    assert len(roster()) == 3
    sound(db)
    found = undo(import_id)
    assert (len(found.gone), found.stays) == (3, [])
    assert roster() == []
    for table in (Affiliation, Post):
        assert db.session.scalar(select(func.count(table.id))) == 0
    assert db.session.scalar(select(func.count()).where(RoleGrant.role == Role.BRANCH_SECRETARY)) == 0
    for member in db.session.scalars(select(Member)):
        assert (member.id_number, member.phone, member.unit_id, member.pseudonym_key) == (
            None,
            None,
            None,
            None,
        )
        login = db.session.get_one(Account, member.account_id)
        assert (login.phone, login.username) == (None, f"undone-{login.id}")
        assert login.disabled_at is not None
    assert set(db.session.scalars(select(MemberYear.target))) == {0}
    sound(db)


def test_after_an_undo_the_same_file_is_new_again(send, state, confirm, undo, roster):
    data = sheets.xlsx([sheets.person(number) for number in (1, 2)])
    first = send(data=data)
    confirm(first)
    before = [row | {"code": ""} for row in roster()]
    undo(first)
    second = send(data=data)
    assert second != first
    assert state(second).outcomes == ["new", "new"]
    confirm(second)
    assert [row | {"code": ""} for row in roster()] == before


def test_who_has_hours_stays_and_is_named(send, confirm, undo, learnt, db, roster):
    import_id = send([sheets.person(number) for number in (1, 2, 3)])
    _, new = confirm(import_id)
    learnt(new[1])
    found = undo(import_id)
    assert reasons(found) == [(3, "", roster_back.HOURS)]
    assert [row["name"] for row in roster()] == [sheets.person(2)["姓名"]]
    [kept] = db.session.execute(roster_back.stays(import_id)).all()
    assert (kept.line, roster_back.HOURS in kept.errors_json) == (3, True)
    sound(db)


def test_who_signed_in_or_is_recorded_elsewhere_leaves(send, confirm, undo, db, office):
    import_id = send(
        [sheets.person(number, 党内职务="委员" if number == 1 else "") for number in (1, 2, 3, 4)]
    )
    _, new = confirm(import_id)
    with transaction() as session:
        account_id = session.get_one(Member, new[0]).account_id
        session.execute(update(Account).where(Account.id == account_id).values(activated_at=clock.now()))
    with transaction():
        org.set_care(office.actor, new[1], valid_from=clock.today(), valid_until=None, reason="示例")
    with transaction():
        day = clock.today()
        set_status(office.actor, new[3], kind="abroad", valid_from=day, valid_until=None)
    found = undo(import_id)
    assert (len(found.gone), len(found.left)) == (1, 3)
    first, second, *_ = (db.session.get_one(Member, key) for key in new)
    assert first.left_on == second.left_on == clock.today()
    assert first.name == sheets.person(1)["姓名"]
    assert db.session.get_one(Account, account_id).disabled_at is not None
    assert db.session.scalars(select(Post.valid_until)).one() is not None
    sound(db)


def test_changed_values_go_back_but_not_over_somebody_elses_change(send, confirm, undo, db, roster):
    confirm(send([sheets.person(1, 党员类别="预备党员"), sheets.person(2)]))
    before = roster()
    number = sheets.id_number("19910308", 7)
    changed = [
        sheets.person(1, 手机号="13700000001", 入党日期="2019-07-01", 党员类别="正式党员"),
        sheets.person(2, 手机号="13700000002", 身份证号=number, 党员编号=before[1]["code"]),
    ]
    changed[1]["性别"] = before[1]["sex"] if int(number[16]) % 2 == (before[1]["sex"] == "男") else ""
    import_id = send(changed, above=1)
    confirm(import_id)
    after = roster()
    assert (after[0]["phone"], after[1]["id_number"]) == ("13700000001", number)
    with transaction() as session:
        session.execute(update(Member).where(Member.phone == "13700000001").values(phone="13600000009"))
    found = undo(import_id)
    assert reasons(found) == [(3, "phone", roster_back.CHANGED)]
    assert roster() == [before[0] | {"phone": "13600000009"}, before[1]]
    logins = set(db.session.scalars(select(Account.phone).where(Account.phone.is_not(None))))
    assert before[1]["phone"] in logins
    sound(db)


def test_posts_go_back_as_they_were(send, confirm, undo, db, roster):
    confirm(send([sheets.person(1, 党内职务="书记", 任职日期="2026-03-01"), sheets.person(2)]))
    before = roster()
    swap = send(
        [
            sheets.person(1, 党内职务="无", 任职日期=""),
            sheets.person(2, 党内职务="书记", 任职日期="2026-08-01"),
        ]
    )
    confirm(swap)
    assert [row["post"] for row in roster()] == ["", "书记"]
    found = undo(swap)
    assert found.stays == []
    assert roster() == before
    rights = db.session.execute(
        select(RoleGrant.valid_from, RoleGrant.valid_until).where(RoleGrant.role == Role.BRANCH_SECRETARY)
    ).all()
    assert [tuple(one) for one in rights] == [(date(2026, 3, 1), None)]
    sound(db)


def test_a_first_day_that_was_mended_goes_back(send, confirm, undo, roster):
    confirm(send([sheets.person(1, 党内职务="委员", 任职日期="2026-03-01")]))
    before = roster()
    mended = send([sheets.person(1, 党内职务="委员", 任职日期="2026-02-01")])
    confirm(mended)
    assert roster() != before
    undo(mended)
    assert roster() == before


def test_no_branch_gets_a_second_secretary_by_an_undo(send, confirm, undo, db, roster, office):
    confirm(send([sheets.person(1, 党内职务="书记", 任职日期="2026-03-01")]))
    ended = send([sheets.person(1, 党内职务="无")])
    confirm(ended)
    confirm(send([sheets.person(2, 党内职务="书记", 任职日期=clock.today())]))
    found = undo(ended)
    assert reasons(found) == [(2, "post", roster_back.SECRETARY)]
    assert [row["post"] for row in roster()] == ["", "书记"]


def test_a_transfer_goes_back_with_post_and_right(send, confirm, undo, db, roster, office, make):
    confirm(send([sheets.person(1, 党内职务="书记", 任职日期="2026-03-01"), sheets.person(2)]))
    before = roster()
    moved = send([sheets.person(number, branch="B102") for number in (1, 2)])
    confirm(moved, transfers=True)
    assert {row["branch"] for row in roster()} == {"示例第2党支部"}
    found = undo(moved)
    assert (len(found.moved), found.stays) == (2, [])
    assert roster() == before
    assert db.session.scalar(select(func.count(Affiliation.id))) == 2
    assert db.session.scalars(
        select(RoleGrant.valid_until).where(RoleGrant.role == Role.BRANCH_SECRETARY)
    ).all() == [None]
    sound(db)


def test_a_transfer_stays_when_life_went_on(send, confirm, undo, db, learnt, office):
    confirm(send([sheets.person(number) for number in (1, 2, 3)]))
    moved = send([sheets.person(number, branch="B102") for number in (1, 2, 3)])
    confirm(moved, transfers=True)
    ids = [row.id for row in db.session.scalars(select(Member).order_by(Member.id))]
    learnt(ids[0])
    with transaction():
        org.transfer(office.actor, ids[1], unit_id=office.branches[2].id)
        hours.refresh_years([ids[1]], clock.today().year)
    found = undo(moved)
    assert reasons(found) == [(2, "", roster_back.HOURS), (3, "", roster_back.MOVED)]
    here = [db.session.get_one(Member, key).unit_id for key in ids]
    assert here == [office.branches[1].id, office.branches[2].id, office.branches[0].id]
    sound(db)


def test_proposals_that_were_not_followed_are_not_taken_back(send, confirm, undo, roster):
    confirm(send([sheets.person(1), sheets.person(2)]))
    import_id = send([sheets.person(1, branch="B102"), sheets.person(2, 手机号="13700000002")])
    confirm(import_id)
    before = [row["branch"] for row in roster()]
    found = undo(import_id)
    assert (len(found.back), len(found.moved)) == (1, 0)
    assert [row["branch"] for row in roster()] == before


def test_an_import_that_changed_nothing_is_taken_back_harmlessly(send, confirm, undo, roster):
    confirm(send([sheets.person(1), sheets.person(2)]))
    before = roster()
    again = send([sheets.person(1), sheets.person(2)], above=1)
    confirm(again)
    assert undo(again).people == 0
    assert roster() == before


def test_an_earlier_import_taken_back_after_a_later_one(send, confirm, undo, roster):
    first, later = send([sheets.person(1)]), None
    confirm(first)
    later = send([sheets.person(1, 手机号="13700000002")])
    confirm(later)
    assert len(undo(first).gone) == 1
    assert reasons(undo(later)) == [(2, "", roster_back.AWAY)]
    assert roster() == []


def test_a_second_undo_is_a_sentence(send, confirm, undo, client_for, office, db):
    import_id = send([sheets.person(1)])
    with pytest.raises(Conflict, match="was not written"):
        undo(import_id)
    confirm(import_id)
    undo(import_id)
    with pytest.raises(Conflict, match="has taken this import back already"):
        undo(import_id)
    answer = client_for(office.admin).post(f"/roster/imports/{import_id}/undo")
    assert answer.status_code == 409
    assert "这次导入已由" in answer.text
    assert db.session.scalar(select(func.count()).where(AuditEvent.action == "roster.undone")) == 1


def test_hours_recorded_while_it_is_taken_back_stop_it(
    send, confirm, learnt, office, db, roster, monkeypatch
):
    import_id = send([sheets.person(1)])
    _, new = confirm(import_id)
    plan = roster_back.plan

    def slow(*args):
        found = plan(*args)
        learnt(new[0])
        return found

    monkeypatch.setattr(roster_back, "plan", slow)
    with pytest.raises(Conflict, match="just changed"):
        roster_work.undo(office.actor, import_id)
    assert len(roster()) == 1
    assert db.session.get_one(RosterImport, import_id).undone_at is None


def test_the_page_says_what_will_happen_and_names_who_stays(send, confirm, learnt, client_for, office, db):
    import_id = send([sheets.person(number) for number in (1, 2, 3)])
    _, new = confirm(import_id)
    learnt(new[1])
    desk = client_for(office.admin)
    address = f"/roster/imports/{import_id}/undo"
    assert address in desk.get(f"/roster/imports/{import_id}").text
    text = desk.get(address).text
    assert sheets.person(2)["姓名"] in text
    assert "已有学时记入台账" in text
    assert "撤回：2 人" in text
    book = CalamineWorkbook.from_filelike(BytesIO(desk.get(f"/roster/imports/{import_id}/stays.xlsx").data))
    planned = book.get_sheet_by_index(0).to_python()
    assert [row[:3] for row in planned[1:]] == [[3.0, sheets.person(2)["姓名"], "整行"]]
    assert desk.post(address).status_code == 303
    text = desk.get(address).text
    assert "已于" in text
    assert sheets.person(2)["姓名"] in text
    book = CalamineWorkbook.from_filelike(BytesIO(desk.get(f"/roster/imports/{import_id}/stays.xlsx").data))
    assert book.get_sheet_by_index(0).to_python() == planned
    assert "已撤回" in desk.get("/roster").text


def test_an_undo_sends_as_many_statements_for_many_as_for_few(send, confirm, statements, office):
    rows = [sheets.person(number, branch=f"B10{number % 3 + 1}", 性别="") for number in range(1, 41)]
    few, many = send(rows[:3]), send(rows[3:])
    confirm(few), confirm(many)
    counts = []
    for import_id in (few, many):
        with statements() as sent:
            roster_work.undo(office.actor, import_id)
        counts.append(sent.count)
    assert counts[0] == counts[1]


def test_two_undos_at_once_take_back_once(app, send, confirm, office, db):
    import_id = send([sheets.person(number) for number in range(1, 100)])
    confirm(import_id)
    db.session.rollback()
    start, won, lost = threading.Barrier(2), [], []

    def press():
        with app.app_context():
            start.wait()
            try:
                won.append(len(roster_work.undo(office.actor, import_id).gone))
            except Conflict as error:
                lost.append(str(error))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (won, len(lost)) == ([99], 1)
    assert db.session.scalar(select(func.count()).where(AuditEvent.action == "roster.undone")) == 1
