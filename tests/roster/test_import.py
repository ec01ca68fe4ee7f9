"""From a sheet to the roster: what a line means, what is written, what is refused."""

import json
from datetime import date

import pytest
from sqlalchemy import func, select

from pbtrain.accounts.models import Account
from pbtrain.audit.models import AuditEvent
from pbtrain.core import crypto
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.home import roster_work
from pbtrain.org.models import Affiliation, Member, Post, RoleGrant
from pbtrain.org.roles import Role
from pbtrain.org.roster import plan, queries, services
from pbtrain.org.roster.match import ID_PURPOSE
from tests.roster import sheets


def test_new_people_get_branch_login_and_a_sealed_id_number(send, state, confirm, db, office, frozen):
    number = sheets.id_number("19900307", 124)
    import_id = send([sheets.person(1, 姓名="示例乌云·其木格", 身份证号=number)])
    assert state(import_id).outcomes == ["new"]
    written, touched = confirm(import_id)
    member = db.session.get_one(Member, touched[0])
    assert (written, member.name, member.born_on, member.sex) == (1, "示例乌云·其木格", date(1990, 3, 7), "F")
    assert (member.unit_id, member.stage, member.id_shown) == (
        office.branches[0].id,
        "full",
        f"150102********{number[-4:]}",
    )
    assert number.encode() not in member.id_number
    assert crypto.decrypt(member.id_number, ID_PURPOSE) == number
    login = db.session.get_one(Account, member.account_id)
    assert login.username.startswith("shiliwuyunqimuge")
    assert login.password_hash is None
    span = db.session.scalars(select(Affiliation)).one()
    assert (span.valid_from, span.valid_until) == (date(2026, 1, 1), None)
    assert number not in state(import_id).rows[2].values_json


def test_the_same_sheet_again_changes_nothing(send, state, confirm):
    rows = [sheets.person(number, 性别="") for number in range(1, 6)]
    confirm(send(rows))
    again = send(rows, above=1)
    assert state(again).outcomes == ["same"] * 5
    assert confirm(again) == (0, [])


def test_changes_show_old_and_new(send, state, confirm, db):
    confirm(send([sheets.person(1)]))
    import_id = send([sheets.person(1, 手机号="13700000009", 党员类别="预备党员")])
    row = state(import_id).rows[2]
    assert row.outcome == "changed"
    assert '"phone": ["13900000001", "13700000009"]' in row.changes_json
    confirm(import_id)
    member = db.session.scalars(select(Member)).one()
    assert (member.phone, member.stage) == ("13700000009", "probationary")
    assert (
        db.session.scalars(select(Account.phone).where(Account.id == member.account_id)).one()
        == "13700000009"
    )


def test_occupation_and_flow_come_with_the_sheet(send, state, confirm, db, office):
    confirm(send([sheets.person(1, 职业="退休", 流动情况="流出", 流动地点="示例市，“示例区”")]))
    member = db.session.scalars(select(Member)).one()
    told = (member.category, member.flow, member.flow_place)
    assert told == ("retired", "out", "示例市，“示例区”"), "the place as written"
    line = queries.shown_line
    changed = send([sheets.person(1, 职业类别="农牧渔民", 流动情况="无")])
    row = state(changed).rows[2]
    assert row.outcome == "changed"
    assert {(old, new) for _, old, new in line(one_line(db, changed))["changes"]} == {
        ("离退休人员", "农牧渔民"),
        ("流出", "无"),
        ("示例市，“示例区”", "无"),
    }
    confirm(changed)
    db.session.expire_all()
    assert (member.category, member.flow, member.flow_place) == ("farmer", "", ""), (
        "a place belongs to a flow"
    )
    roster_work.undo(office.actor, changed)
    db.session.expire_all()
    assert (member.category, member.flow, member.flow_place) == told
    assert state(send([sheets.person(1, 职业类别="", 流动情况="", 流动地点="")])).outcomes == ["same"]


def one_line(db, import_id):
    """The first changed line, as the preview reads it."""
    return db.session.execute(queries.lines(import_id, "changed")).first()


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"职业类别": "示例职业"}, "category"),
        ({"流动情况": "也许"}, "flow"),
        ({"流动地点": "示例市"}, "flow_place"),
        ({"流动地点": "示例市", "流动情况": "无"}, "flow_place"),
        ({"流动地点": "示" * 101, "流动情况": "流入"}, "flow_place"),
    ],
)
def test_an_unknown_occupation_or_a_place_without_a_flow_is_refused(send, state, confirm, columns, field):
    new = state(send([sheets.person(1, **columns)]))
    assert new.outcomes == ["refused"]
    assert json.loads(new.errors[2])[0][0] == field
    confirm(send([sheets.person(1)]))
    assert state(send([sheets.person(1, **columns)])).outcomes == ["refused"]


def test_a_place_may_follow_a_flow_that_stands(send, state, confirm, db):
    confirm(send([sheets.person(1, 流动情况="流入")]))
    confirm(send([sheets.person(1, 流动地点="示例市")]))
    assert db.session.scalars(select(Member.flow_place)).one() == "示例市"


def test_an_empty_cell_changes_nothing(send, state, confirm):
    confirm(send([sheets.person(1)]))
    assert state(send([sheets.person(1, 手机号="", 党员类别="")])).outcomes == ["same"]


def test_another_branch_is_a_proposal_and_never_a_second_account(send, state, confirm, db, office):
    confirm(send([sheets.person(1)]))
    moved = [sheets.person(1, branch="B102")]
    import_id = send(moved)
    assert state(import_id).outcomes == ["transfer"]
    assert confirm(import_id) == (0, [])
    member = db.session.scalars(select(Member)).one()
    assert member.unit_id == office.branches[0].id
    db.session.rollback()
    import_id = send(moved, above=1)
    assert confirm(import_id, transfers=True)[0] == 1
    member = db.session.scalars(select(Member)).one()
    assert member.unit_id == office.branches[1].id
    spans = db.session.execute(
        select(Affiliation.unit_id, Affiliation.valid_until).order_by(Affiliation.id)
    ).all()
    assert [(unit, until is None) for unit, until in spans] == [
        (office.branches[0].id, False),
        (office.branches[1].id, True),
    ]
    assert db.session.scalar(select(func.count(Account.id)).where(Account.name == member.name)) == 1


def test_a_post_brings_its_role_for_its_dates_and_goes_with_a_transfer(send, state, confirm, db, office):
    confirm(send([sheets.person(1, 党内职务="党支部书记", 任职日期="2026-03-01")]))
    post, grant = (
        db.session.scalars(select(Post)).one(),
        db.session.scalars(select(RoleGrant).where(RoleGrant.role == Role.BRANCH_SECRETARY)).one(),
    )
    assert (post.kind, post.valid_from, grant.post_id) == ("secretary", date(2026, 3, 1), post.id)
    confirm(send([sheets.person(1, branch="示例第2党支部")]), transfers=True)
    db.session.rollback()
    assert db.session.scalars(select(Post.valid_until)).one() is not None
    assert (
        db.session.scalars(select(RoleGrant.valid_until).where(RoleGrant.role == Role.BRANCH_SECRETARY)).one()
        is not None
    )


def test_a_changed_post_ends_the_old_one(send, state, confirm, db):
    confirm(send([sheets.person(1, 党内职务="书记", 任职日期="2026-03-01")]))
    import_id = send([sheets.person(1, 党内职务="组织委员", 任职日期="2026-06-12")])
    assert state(import_id).outcomes == ["changed"]
    confirm(import_id)
    posts = db.session.execute(select(Post.kind, Post.valid_from, Post.valid_until).order_by(Post.id)).all()
    assert [tuple(post) for post in posts] == [
        ("secretary", date(2026, 3, 1), date(2026, 6, 12)),
        ("committee_member", date(2026, 6, 12), None),
    ]
    until = db.session.scalars(select(RoleGrant.valid_until).where(RoleGrant.post_id.is_not(None))).one()
    assert until == date(2026, 6, 12)


def test_a_branch_has_one_secretary(send, state, confirm):
    confirm(send([sheets.person(1, 党内职务="书记")]))
    second = state(send([sheets.person(2, 党内职务="书记")]))
    assert second.outcomes == ["refused"]
    swap = state(send([sheets.person(2, 党内职务="书记"), sheets.person(1, 党内职务="委员")]))
    assert swap.outcomes == ["new", "changed"]
    both = state(send([sheets.person(number, 党内职务="书记", 所在支部="B102") for number in (3, 4)]))
    assert both.outcomes == ["new", "refused"]


def test_the_second_line_of_a_person_is_refused(send, state):
    found = state(
        send([sheets.person(1), sheets.person(2), sheets.person(1, branch="B102"), sheets.person(1)])
    )
    assert found.outcomes == ["new", "new", "refused", "refused"]
    assert '"line": 2' in found.errors[4]


@pytest.mark.parametrize(
    ("branch", "word"),
    [
        ("不存在的支部", "no such branch"),
        ("示例第1支部", "示例第1党支部"),
        ("示例镇第一党支部", "outside the units"),
    ],
)
def test_a_branch_unknown_or_out_of_scope_is_refused(send, state, branch, word):
    found = state(send([sheets.person(1, branch=branch)]))
    assert found.outcomes == ["refused"]
    assert word in found.errors[2]


def test_somebody_elses_member_is_not_taken_over(send, state, make, office, db):
    number = sheets.id_number()
    make.member(
        office.elsewhere,
        name="示例王五",
        id_lookup=crypto.lookup(number, ID_PURPOSE),
        id_shown="150102********1231",
    )
    found = state(send([sheets.person(1, 身份证号=number)]))
    assert found.outcomes == ["refused"]
    assert "another unit's roster" in found.errors[2]
    assert "示例镇" not in found.errors[2]


def test_all_or_nothing(send, state, confirm, db):
    rows = [sheets.person(number) for number in range(1, 20)]
    rows[7]["手机号"] = "139"
    import_id = send(rows)
    with pytest.raises(RuleError, match="1 lines"):
        confirm(import_id)
    assert db.session.scalar(select(func.count(Member.id))) == 0
    assert state(import_id).state == "preview"
    assert confirm(import_id, "good_rows")[0] == 18
    assert db.session.scalar(select(func.count(Member.id))) == 18
    ours = AuditEvent.action.startswith("roster.")
    actions = db.session.scalars(select(AuditEvent.action).where(ours).order_by(AuditEvent.id)).all()
    assert actions == ["roster.uploaded", "roster.written"]


def test_it_is_written_once(send, confirm):
    import_id = send([sheets.person(1)])
    confirm(import_id)
    with pytest.raises(Conflict):
        confirm(import_id)


def test_a_roster_changed_after_the_preview_is_not_overwritten(send, confirm, db, state):
    confirm(send([sheets.person(1)]))
    import_id = send([sheets.person(1, 手机号="13700000009")])
    with transaction() as session:
        session.scalars(select(Member)).one().phone = "13600000001"
    with pytest.raises(Conflict, match="changed since"):
        confirm(import_id)
    assert state(import_id).state == "preview"
    assert db.session.scalars(select(Member.phone)).one() == "13600000001"


def test_two_previews_of_the_same_new_person_write_one(send, confirm, db):
    first, second = (
        send([sheets.person(1, 身份证号="", 出生日期="1990-03-07")]),
        send([sheets.person(1, 身份证号="", 出生日期="1990-03-07")], above=1),
    )
    confirm(first)
    with pytest.raises(Conflict):
        confirm(second)
    assert db.session.scalar(select(func.count(Member.id))) == 1


def test_a_right_taken_away_after_the_preview_stops_the_writing(send, confirm, db, office, make):
    import_id = send([sheets.person(1)])
    with transaction() as session:
        session.scalars(
            select(RoleGrant).where(RoleGrant.account_id == office.admin.id)
        ).one().valid_until = date(2026, 1, 1)
    with pytest.raises(RuleError, match="outside your scope"):
        confirm(import_id, actor=make.actor(office.admin))
    assert db.session.scalar(select(func.count(Member.id))) == 0


def test_the_same_file_is_known_again(send, state, office):
    data = sheets.xlsx([sheets.person(1)])
    first = send(data=data)
    assert send(data=data) == first
    assert send(data=data, again=True) != first


def test_cancelling_leaves_nothing_behind(send, state, office):
    import_id = send([sheets.person(1)])
    with transaction():
        services.cancel(office.actor, import_id)
    assert (state(import_id).state, state(import_id).rows) == ("cancelled", {})


def test_statements_do_not_grow_with_the_lines(send, confirm, statements, office):
    rows = [sheets.person(number, branch=f"B10{number % 3 + 1}", 性别="") for number in range(1, 41)]
    few, many = send(rows[:3]), send(rows[3:])
    with statements() as for_three:
        confirm(few)
    with statements() as for_many:
        confirm(many)
    assert for_many.count == for_three.count, for_many
    changed = [
        row | {"手机号": f"137{row['手机号'][3:]}", "党内职务": "委员", "所在支部": "B101"} for row in rows
    ]
    few, many = send(changed[:3]), send(changed[3:])
    with statements() as for_three:
        confirm(few, transfers=True)
    with statements() as for_many:
        confirm(many, transfers=True)
    assert for_many.count == for_three.count, for_many


def test_namesakes_born_on_one_day_are_two_people_also_in_two_chunks(send, state, confirm, monkeypatch):
    monkeypatch.setattr(plan, "CHUNK", 1)
    rows = [
        sheets.person(n, 姓名="示例王伟", 身份证号=sheets.id_number("19900307", 100 + n)) for n in (1, 2, 3)
    ]
    import_id = send(rows)
    assert state(import_id).outcomes == ["new"] * 3
    assert confirm(import_id)[0] == 3
