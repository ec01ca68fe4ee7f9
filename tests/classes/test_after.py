"""What follows a class: its evaluation, statistics and file, and lists of who enters a restricted site."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, text, update

from pbtrain.audit.models import AuditEvent
from pbtrain.classes import press
from pbtrain.classes.models import (
    ClassEnrolment,
    ClassSession,
    EntryList,
    EntryPerson,
    Evaluation,
    EvaluationDone,
    TrainingClass,
    Venue,
)
from pbtrain.classes.queries import certificates as queries
from pbtrain.classes.queries import statistics
from pbtrain.classes.rules import entry, evaluation
from pbtrain.classes.services import certificates
from pbtrain.classes.services import entry as lists
from pbtrain.core import clock, queue, storage
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.events.models import Attendance, CheckIn, Event, Guest
from pbtrain.home import retention
from pbtrain.home.my_data import classes as my_classes
from pbtrain.org import disclosures, members
from tests.classes.schooled import FIRST, absent, school

NUMBER, OTHER = "150102199003074526", "11010519491231002X"
GOOD = {"content": "5", "teaching": "4", "order": "3"}


def said(answer, status=200):
    assert answer.status_code == status, re.findall("pb-err.*|pb-note--bad.*", answer.text)
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


# -- evaluation


def test_few_answers_are_not_shown_and_a_teacher_has_all_of_his_sessions():
    groups = {"content": ["content"], "示例": ["session:1", "session:2"]}
    four = [{"content": 5, "session:1": 4}] * 4
    assert evaluation.results(four, groups)["content"] == evaluation.Result(4, None)
    five = [*four, {"content": 2, "session:1": 5, "session:2": 4}]
    found = evaluation.results(five, groups)
    assert found["content"] == evaluation.Result(5, 440)
    assert found["示例"] == evaluation.Result(5, None), "less the first session it would be one person's word"
    both = [one | {"session:2": 4} for one in five]
    assert evaluation.results(both, groups)["示例"] == evaluation.Result(5, 410), "of five people, 41 points"
    with pytest.raises(RuleError):
        evaluation.checked({"content": "5", "teaching": "9", "order": "1"}, [])
    assert evaluation.checked(GOOD | {"session:1": "5", "session:9": "5"}, [1])["session:1"] == 5


def test_learners_answer_once_and_nothing_says_who(db, frozen, client_for):
    one = school(5, styled=False)
    admin, path = client_for(one.admin), f"/classes/{one.class_id}/evaluat"
    own = client_for(one.members[0])
    assert "现在没有开放评价" in said(own.post(f"{path}e", data=GOOD), 422)
    assert admin.post(f"{path}ion", data={"open": "1"}).status_code == 303
    assert "示例专题班" in said(own.get("/me/certificates"))
    said(own.get(f"{path}e"))
    assert said(own.post(f"{path}e", data={"content": "5"}), 422)
    answer = GOOD | {f"session:{one.sessions[0]}": "5", "comment": "示例：讲得好"}
    assert own.post(f"{path}e", data=answer).status_code == 303
    taken = my_classes.everything(one.members[0].id)["class_evaluations"].rows
    assert taken == [["示例专题班", FIRST, "已填写，答卷匿名"]]
    assert "已经评价过" in said(own.post(f"{path}e", data=answer), 409)
    for member in one.members[1:4]:
        assert client_for(member).post(f"{path}e", data=GOOD).status_code == 303
    told = said(admin.get(f"{path}ion"))
    assert "讲得好" not in told, "four are too few"
    assert client_for(one.members[4]).post(f"{path}e", data=GOOD).status_code == 303
    told = said(admin.get(f"{path}ion"))
    assert "讲得好" in told
    assert "少于 5 份" in told, "one answer about the first session"
    assert "5 名学员中已有 5 人填写" in told, "a guest has no page to answer on"
    assert db.session.scalars(select(EvaluationDone.enrolment_id)).all() == one.enrolments[:5]
    answers = db.session.scalars(select(Evaluation).order_by(Evaluation.id)).all()
    assert len(answers) == 5
    columns = set(Evaluation.__table__.columns.keys())
    assert columns == {"id", "class_id", "scores", "comment"}, "neither a person nor a time"
    told = db.session.scalars(select(AuditEvent.action).where(AuditEvent.target == f"class:{one.class_id}"))
    assert list(told) == ["evaluation.opened"], "the trail does not say when who answered"


# -- statistics


def test_people_and_person_times_are_counted_apart(db, frozen, client_for, make):
    one = school(3)
    again = TrainingClass(
        unit_id=one.academy.id, year=0, number=999, title="示例再一班", starts_on=FIRST + timedelta(days=40),
        ends_on=FIRST + timedelta(days=40), capacity=9, state="closed", audience="cadres", rule={},
        form_id="again",
    )  # fmt: skip
    make.save(again)
    known = make.save(Guest(unit_id=one.academy.id, name="示例归队", pinyin="s", member_id=one.members[1].id))
    make.save(
        ClassEnrolment(class_id=again.id, member_id=one.members[0].id, state="completed", seat=True),
        ClassEnrolment(class_id=again.id, guest_id=known.id, state="completed", seat=True),
        ClassEnrolment(class_id=again.id, member_id=one.members[2].id, state="withdrawn"),
    )
    (row,) = statistics.figures(one.actor, "", FIRST.year)
    assert (row.classes, row.times, row.people) == (2, 6, 4)
    months = statistics.figures(one.actor, "month", FIRST.year)
    assert [(int(r.key), r.classes, r.times, r.people) for r in months] == [(5, 1, 4, 4), (6, 1, 2, 2)]
    by = {r.key: r.times for r in statistics.figures(one.actor, "audience", FIRST.year)}
    assert by == {"all": 4, "cadres": 2}
    client = client_for(one.admin)
    assert "人次" in said(client.get(f"/classes/statistics?year={FIRST.year}"))
    rows = db.session.execute(statistics.people(one.actor, FIRST.year)).all()
    assert len(rows) == row.people
    assert sum(r.times for r in rows) == row.times
    classes = db.session.execute(statistics.classes(one.actor, FIRST.year)).all()
    assert sum(r.times for r in classes) == row.times
    where = f"year={FIRST.year}&month=6"
    assert "示例再一班" in said(client.get(f"/classes/statistics/classes?{where}"))
    assert one.members[2].name not in said(client.get(f"/classes/statistics/people?{where}"))
    for wrong in ("classes?month=13", "classes?year=x", "people?audience=x", "money"):
        assert client.get(f"/classes/statistics/{wrong}").status_code == 404
    with client.get(f"/classes/statistics.xlsx?year={FIRST.year}") as file:
        assert file.data.startswith(b"PK")
    other = school(1)
    assert statistics.figures(other.actor, "", FIRST.year)[0].times == 2, "of one's own academies only"


# -- the file


def test_the_file_of_a_class_is_made_by_a_job_and_goes_after_a_week(db, frozen, client_for):
    one = school(2)
    with transaction() as session:
        certificates.issue(one.actor, one.class_id)
        came = update(Attendance).where(Attendance.member_id == one.members[0].id)
        session.execute(came.values(how="code"))
        record = {"record_id": "r", "act": "in", "how": "code", "flag": "device"}
        session.add(CheckIn(event_id=one.events[0], member_id=one.members[0].id, **record))
    client, path = client_for(one.admin), f"/classes/{one.class_id}/file"
    assert client.get(f"{path}/zip").status_code == 404
    assert client.post(path).status_code == 303
    assert client.post(path).status_code == 303
    assert queue.run_waiting() == 1, "asked twice, made once"
    said(client.get(path))
    with client.get(f"{path}/zip") as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert [name.split("-")[0] for name in archive.namelist()] == ["1", "2", "3", "4"]
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(archive.read("2-考勤表.xlsx"))).get_sheet_by_index(0)
    marks = {cell for row in sheet.to_python() for cell in row}
    assert {"到课", "到课（扫码）", "到课（扫码，与他人同一部手机）"} <= marks
    assert archive.read("4-证书.pdf").startswith(b"%PDF-")
    singles = f"/classes/{one.class_id}/singles"
    assert client.post(singles).status_code == 303
    assert queue.run_waiting() == 1
    with client.get(f"{singles}/zip") as answer:
        apart = zipfile.ZipFile(io.BytesIO(answer.data))
    stand = {row.number: row for row in queries.standing(one.class_id)}
    assert len(stand) == len(apart.namelist()) == 3
    for name in apart.namelist():
        row = next(row for number, row in stand.items() if name == f"{number}-{row.facts['name']}.pdf")
        assert press.codes_in(apart.read(name)) == [row.code], "each proves itself"
    file = db.session.scalars(select(storage.StoredFile).order_by(storage.StoredFile.id).limit(1)).one()
    with transaction() as session:
        session.get(storage.StoredFile, file.id).created_at -= timedelta(days=8)
    assert retention.sweep_old()["class_files"] == 1
    assert client.get(f"{path}/zip").status_code == 404


def test_an_academy_sees_phone_and_attendance_until_ninety_days_after_the_class(frozen, client_for):
    one = school(1)
    with transaction():
        members.change_member(None, one.members[0].id, phone="13900000003")
    absent(one.events[2], one.members[0].id)
    client, path = client_for(one.admin), f"/classes/{one.class_id}/learners/{one.enrolments[0]}"
    frozen.move_to(clock.at(FIRST + timedelta(days=1 + 90), 23))
    page = said(client.get(path))
    assert "13900000003" in page
    assert re.findall("示例课. .*? (已到|没来)", page) == ["已到", "已到", "没来"]
    frozen.shift(hours=2)
    page = said(client.get(path))
    assert "13900000003" not in page
    assert "示例课" not in page


# -- who enters


@pytest.fixture
def visit(db, frozen, make):
    """A class that goes to a restricted site in a week; its first member's number stands in the roster."""
    one = school(2, state="open")
    day = clock.today() + timedelta(days=7)
    with transaction():
        members.change_member(None, one.members[0].id, id_number=NUMBER)
    with transaction() as session:
        venue = Venue(unit_id=one.academy.id, name="示例限定管理区", kind="site", capacity=50, list_days=4)
        session.add(venue)
        session.flush()
        session.get(ClassSession, one.sessions[0]).venue_id = venue.id
        event = session.get(Event, one.events[0])
        event.day, event.starts_at, event.state = day, clock.at(day, 9), "planned"
    return one, f"/classes/{one.class_id}/units/{one.sessions[0]}/entry"


def test_a_list_is_filled_printed_sent_and_gone(visit, db, client_for, frozen, instance):
    one, path = visit
    client, (_first, second, guest) = client_for(one.admin), one.enrolments
    assert "示例限定管理区" in said(client.get(f"/classes/{one.class_id}"))
    assert "截止" in said(client.get(path))
    wrong = {f"number-{second}": "150102199003074521"}
    told = said(client.post(path, data=wrong), 422)
    assert db.session.scalar(select(EntryPerson.id)) is None
    numbers = {f"number-{second}": OTHER, f"number-{guest}": OTHER}
    said(client.post(path, data=numbers), 303)
    assert client.post(path, data={"act": "take", "reason": ""}).status_code == 422
    assert client.post(path, data={"act": "take", "reason": "限定管理区入区"}).status_code == 303
    (look,) = disclosures.looks_of(one.members[0].id)
    assert (look.facts, look.reason) == (("id_number",), "限定管理区入区")
    told = said(client.get(path))
    assert NUMBER not in told
    assert "150102********4526" in told
    told = said(client.get(f"{path}/print"))
    assert NUMBER in told
    assert OTHER in told
    assert one.branch.name not in told, "name, sex, number, and no more"
    assert client.post(path, data={"act": "sent"}).status_code == 303
    assert client.post(path, data={"act": "sent"}).status_code == 409
    ((*_what, stored, sent, _purge),) = my_classes.everything(one.members[0].id)["class_entries"].rows
    assert (stored, sent is not None) == ("已加密保存", True)
    assert everywhere(db, instance, NUMBER, OTHER) == [], "sealed, in tables and files"
    sealed = db.session.scalars(select(EntryPerson.sealed)).all()
    assert len(sealed) == 3
    frozen.move_to(clock.now() + timedelta(days=7 + entry.KEPT_DAYS - 1))
    assert retention.sweep_old()["entry_lists"] == 0, "a day too early"
    frozen.move_to(clock.now() + timedelta(days=1))
    assert retention.sweep_old()["entry_lists"] == 3
    assert everywhere(db, instance, *sealed) == [], "nothing is left, not even sealed"
    assert db.session.scalar(select(EntryList.purged_at)) is not None
    assert retention.sweep_old()["entry_lists"] == 0
    client = client_for(one.admin)  # the sign-in is over, too
    assert "已清除" in said(client.get(path))
    assert client.post(path, data=numbers).status_code == 422


def test_who_does_not_enter_any_more_is_off_the_list(visit, db, client_for):
    one, path = visit
    client = client_for(one.admin)
    client.post(path, data={f"number-{number}": OTHER for number in one.enrolments})
    with transaction() as session:
        session.get(ClassEnrolment, one.enrolments[0]).state = "withdrawn"
        session.get(ClassEnrolment, one.enrolments[0]).seat = False
    assert retention.sweep_old()["entry_lists"] == 1
    with transaction():
        lists.forget(one.members[1].id)
    assert len(db.session.scalars(select(EntryPerson.id)).all()) == 1


def everywhere(db, folder, *secrets):
    """Tables and files in which one of these texts stands."""
    db.session.rollback()
    found = []
    for table in db.metadata.sorted_tables:
        rows = db.session.execute(text(f'SELECT * FROM "{table.name}"')).all()
        if any(secret in str(row) for row in rows for secret in secrets):
            found.append(table.name)
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".sqlite3":
            content = path.read_bytes()
            found += [path.name for secret in secrets if secret.encode() in content]
    return found
