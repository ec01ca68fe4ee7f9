"""Many people at once: a sheet with good and bad rows, the tree, taking it back; guests and who they are."""

import io
from datetime import timedelta

import openpyxl
import pytest
from sqlalchemy import delete, func, select

from pbtrain.classes.models import ClassEnrolment, ClassImport, ClassImportRow
from pbtrain.classes.queries import imports as queries
from pbtrain.classes.services import imports, merging
from pbtrain.core import clock, queue
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.events.models import Attendance, Guest
from pbtrain.org.models import Member
from tests.classes.seated import LAST, act, forward, members, place, states, taken, training_class

__all__ = ["place"]
HEAD = ["姓名", "党员编号", "身份证后四位", "所在支部或单位", "外地学员", "手机号"]


def book(*rows):
    out = io.BytesIO()
    sheet = openpyxl.Workbook()
    for row in (HEAD, *rows):
        sheet.active.append(row)
    sheet.save(out)
    out.seek(0)
    return out


def people(*ids):
    return {one.id: one for one in db.session.scalars(select(Member).where(Member.id.in_(ids)))}


def send(place, class_id, *rows):
    """A sheet that was read; its id."""
    with transaction():
        made = imports.start_sheet(place.chief, class_id, name="名单.xlsx", stream=book(*rows))
    queue.run_waiting()
    db.session.rollback()
    return made


def version(import_id):
    db.session.rollback()
    return db.session.scalar(select(ClassImport.version).where(ClassImport.id == import_id))


def errors(import_id):
    """{line: [column, message]} of the refused rows."""
    found = db.session.execute(queries.rows(import_id, "refused"))
    return {row.line: [(name, said) for name, said, _p, _s in row.errors] for row in found}


def test_a_sheet_with_every_kind_of_row(place, client_for):
    """Three are refused with the reason, one is there already; the rest is written, and taken back."""
    from pbtrain.classes.rules import imports as rules

    class_id = training_class(place, capacity=4)
    a, b, c, d = members(place.branch, 4)
    who = people(a, b, c, d)
    forward(place, class_id, d)
    act(place, class_id, "enrol", d)
    made = send(
        place, class_id,
        [who[a].name, who[a].code],
        [who[b].name, None, None, place.branch.name],
        ["示例查无此人", "M999999"],
        [who[c].name, who[a].code],
        [who[a].name, who[a].code],
        ["示例外地甲", None, None, "额尔古纳市", "是", "13900000001"],
        ["示例外地乙", None, None, "额尔古纳市", "是"],
        [who[d].name, who[d].code],
    )  # fmt: skip
    assert queries.counts(made) == {"seat": 2, "guest": 1, "waiting": 1, "already": 1, "refused": 3}
    assert errors(made) == {
        4: [("name", rules.UNKNOWN)],
        5: [("name", rules.UNKNOWN)],
        6: [("name", rules.TWICE)],
    }
    client = client_for(place.chief)
    page = client.get(f"/classes/{class_id}/lists/{made}").get_data(as_text=True)
    assert "和第 2 行是同一人" in page
    sheet = client.get(f"/classes/{class_id}/lists/{made}/refused.xlsx")
    rows = list(openpyxl.load_workbook(io.BytesIO(sheet.data)).active.values)
    assert rows[1][0] == "示例查无此人"
    assert "核对" in rows[1][-1]
    url = f"/classes/{class_id}/lists/{made}"
    assert client.post(url, data={"act": "apply", "version": 1, "overflow": "y"}).status_code == 303
    assert client.post(url, data={"act": "apply", "version": 1}).status_code == 409
    assert taken(class_id) == [(4, 4)]
    db.session.rollback()
    found = (
        db.session.execute(select(ClassEnrolment.state, func.count()).group_by(ClassEnrolment.state))
        .tuples()
        .all()
    )
    assert dict(found) == {"enrolled": 4, "waiting": 1}
    assert db.session.scalar(select(func.count()).select_from(Attendance)) == 8
    assert client.post(url, data={"act": "undo", "version": 2}).status_code == 303
    assert states(class_id)[d] == "enrolled"
    assert taken(class_id) == [(1, 1)]
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Attendance)) == 2


def test_guests_of_a_sheet_that_came_twice_and_of_one_who_became_a_member_stand_there_once(place, make):
    class_id, rows = training_class(place, capacity=9), [["示例外地甲", None, None, "额尔古纳市", "是"]]
    first, second = send(place, class_id, *rows), send(place, class_id, *rows)
    for made in (first, second):
        with transaction():
            imports.apply(place.chief, made, 1, answer=False, overflow=True)
    guest = db.session.scalars(select(Guest)).one()
    assert states(class_id) == {None: "enrolled"}
    later = training_class(place, capacity=9)
    third, person = send(place, later, *rows), make.member(place.branch, name="示例外地甲")
    with transaction():
        merging.merge(place.chief, guest.id, person.id)
    with transaction():
        assert imports.apply(place.chief, third, 1, answer=False, overflow=True).count == 0
    assert states(later) == {}


def test_a_file_that_is_no_list(place):
    class_id = training_class(place)
    with transaction():
        stream = io.BytesIO("手机号,支部\n1,2\n".encode())
        made = imports.start_sheet(place.chief, class_id, name="a.csv", stream=stream)
    queue.run_waiting()
    db.session.rollback()
    assert db.session.scalar(select(ClassImport.state)) == "failed"
    with transaction():
        imports.drop(place.chief, made, 1)
    assert db.session.scalar(select(ClassImport.state)) == "dropped"


def test_500_of_the_tree_in_a_few_statements(place, statements):
    """All in turn: whoever has been in no class; those beyond the seats stay out unless asked for."""
    class_id = training_class(place, capacity=400)
    members(place.branch, 500)
    with transaction(), statements() as ask:
        made = imports.start_tree(
            place.chief, class_id, unit_id=place.town.id, posts="", fresh=True, name="示例镇"
        )
    assert queries.counts(made)["waiting"] == 101  # the secretary is one of them
    with transaction(), statements() as write:
        done = imports.apply(place.chief, made, 1, answer=True, overflow=False)
    assert done.after == {"offered": 400}
    assert len(ask) <= 12, "\n".join(ask)
    assert len(write) <= 22, "\n".join(write)
    with transaction() as session:
        session.execute(delete(ClassImportRow))  # forgotten after a month
    with transaction(), statements() as back:
        assert imports.undo(place.chief, made, 2) == 400
    assert len(back) <= 22, "\n".join(back)
    assert taken(class_id) == [(0, 0)]
    with transaction(), pytest.raises(RuleError):
        imports.start_tree(
            place.chief, class_id, unit_id=place.town.id, posts="deputies", fresh=True, name=""
        )


def test_a_list_nobody_may_write_any_more(place, frozen):
    class_id = training_class(place)
    (a,) = members(place.branch, 1)
    one = people(a)[a]
    made = send(place, class_id, [one.name, one.code])
    frozen.move_to(clock.at(LAST + timedelta(days=1), 8))
    with transaction(), pytest.raises(RuleError) as error:
        imports.apply(place.chief, made, 1, answer=False, overflow=True)
    assert error.value.message == "This class is over or cancelled: nobody joins it any more."
    assert db.session.scalar(select(func.count()).select_from(ClassImportRow)) == 1


def test_what_goes_with_who_is_erased_and_what_is_taken_home(place, make):
    """Reasons and rows go, the seat goes to the next; before that 我的资料 holds all of it."""
    from pbtrain.classes.services import keeping
    from pbtrain.home.my_data import classes as my_classes

    class_id = training_class(place, capacity=1)
    a, b = members(place.branch, 2)
    one = people(a)[a]
    made = send(place, class_id, [one.name, one.code])
    with transaction():
        imports.apply(place.chief, made, 1, answer=False, overflow=True)
    forward(place, class_id, b)
    act(place, class_id, "approve", b)
    home = my_classes.everything(a)
    assert [row[0] for row in home["classes"].rows] == ["示例专题班"]
    assert len(home["class_steps"].rows) == 1
    with transaction():
        keeping.forget(place.admin, a, name="已注销")
    assert states(class_id) == {a: "withdrawn", b: "offered"}
    assert taken(class_id) == [(1, 1)]
    assert db.session.scalar(select(func.count()).select_from(ClassImportRow)) == 0
    with transaction():
        keeping.forget_rows(clock.now() + timedelta(days=1), 10)
    assert db.session.scalar(select(ClassImport.file_id)) is None
