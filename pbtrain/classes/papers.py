"""What an academy takes home of a class as one ZIP: its file (结班档案), or a PDF for each certificate.

Each is a row of BUNDLES and made as a job; it goes by itself after a week, because it holds people's names.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from pbtrain.audit import services as audit
from pbtrain.classes import press
from pbtrain.classes.models import ClassSession, TrainingClass
from pbtrain.classes.queries import certificates, evaluation
from pbtrain.classes.rules.evaluation import QUESTIONS
from pbtrain.core import sheets, storage
from pbtrain.core.batches import batched
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.core.queue import Job, Running, enqueue, handler
from pbtrain.events.door import rules as door
from pbtrain.events.models import Attendance, CheckIn, Event, EventPhoto
from pbtrain.org.access import Actor, actor_for, may
from pbtrain.org.roles import Perm

NAME = "class-file-"  # with which the names of all these files begin
MOST = 200 * 1024 * 1024
PARTS = 6  # steps of the file of a class
AT_ONCE = 50  # certificates that are set by one child process


@dataclass(frozen=True)
class Bundle:
    """One kind of ZIP: the kind of its job, what it is called, what is in it."""

    kind: str
    title: str
    inside: str


BUNDLES = {
    "file": Bundle(
        "classes.file", N_("File of the class"),
        N_("One ZIP: roster with hours, attendance, evaluation, certificates, photos. It is removed after a"
           " week."),
    ),
    "singles": Bundle(
        "classes.singles", N_("Certificates one by one"),
        N_("One ZIP with a PDF for each certificate that holds, named by its number. It is removed after a"
           " week."),
    ),
}  # fmt: skip
STATES = {"present": "到课", "": "缺课", "late": "迟到", "early": "早退", "leave": "请假"}


def ask(actor: Actor, row: TrainingClass, what: str, address: str) -> int:
    """Ask for a bundle, a key of BUNDLES, unless it is being made; inside the caller's transaction.

    `address`: the page of a certificate whose code is "{code}".
    """
    newest, kind = latest(row.id, what), BUNDLES[what].kind
    if newest is not None and newest.state in ("queued", "running"):
        return int(newest.id)
    audit.record(actor, "class.file", f"class:{row.id}", unit_id=row.unit_id, what=what)
    key = f"{kind}:{row.id}:{newest.id if newest else 0}"
    return enqueue(kind, {"class_id": row.id, "address": address}, owner_id=actor.account_id, key=key)


def latest(class_id: int, what: str) -> Any:
    """The newest job of a class for this bundle: id, state, steps, error, result; or None."""
    return db.session.execute(
        select(Job.id, Job.state, Job.done_steps, Job.all_steps, Job.error, Job.result, Job.finished_at)
        .where(Job.key.startswith(f"{BUNDLES[what].kind}:{class_id}:", autoescape=True))
        .order_by(Job.id.desc())
        .limit(1)
    ).first()


def file_of(job: Any) -> storage.StoredFile | None:
    """What a job made, while it is kept."""
    if job is None or job.state != "done" or not job.result:
        return None
    file = db.session.get(storage.StoredFile, job.result["file"])
    return file if file is not None and storage.path_of(file.sha256).exists() else None


@handler(BUNDLES["file"].kind)
def make(running: Running) -> dict[str, Any]:
    """Put the file together; again after a crash makes it anew."""
    row = _asked_for(running)
    class_id, unit_id, title = row.id, row.unit_id, f"第{row.number}期{row.title}"
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for done, part in enumerate((_roster, _attendance, _evaluation, _certificates, _photos)):
            running.progress(done, PARTS)
            row = db.session.get_one(TrainingClass, class_id)
            part(archive, row, running.args["address"])
            db.session.rollback()
    running.progress(PARTS - 1, PARTS)
    return _kept(running, target.getvalue(), unit_id, f"{NAME}{class_id}-{title}")


@handler(BUNDLES["singles"].kind)
def make_singles(running: Running) -> dict[str, Any]:
    """A PDF for each certificate that stands, some at a time; again after a crash makes them anew."""
    row = _asked_for(running)
    unit_id, name, address = row.unit_id, f"{NAME}{row.id}-第{row.number}期证书", running.args["address"]
    rows, target = certificates.standing(row.id), io.BytesIO()
    db.session.rollback()  # nothing is held while they are drawn
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for done, some in enumerate(batched(rows, AT_ONCE)):
            running.progress(done * AT_ONCE, len(rows))
            drawn = press.drawn_apart(some, lambda code: address.replace("{code}", code))
            for one, pdf in zip(some, drawn, strict=True):
                archive.writestr(f"{_safe(one.number)}-{_safe(one.facts['name'])}.pdf", pdf)
    return _kept(running, target.getvalue(), unit_id, name)


def _asked_for(running: Running) -> TrainingClass:
    """The class; RuleError where whoever asked may not do so any more."""
    actor = actor_for(running.owner_id) if running.owner_id else None
    row = db.session.get(TrainingClass, running.args["class_id"])
    if row is None or actor is None or not may(actor, Perm.CLASS_MANAGE, row.unit_id):
        raise RuleError(N_("Whoever asked for this may not do it any more."))
    return row


def _safe(text: str) -> str:
    """Text as a part of a file's name."""
    return "".join(ch if ch.isalnum() or ch in "-·" else "_" for ch in text)[:60]


def _kept(running: Running, content: bytes, unit_id: int, name: str) -> dict[str, Any]:
    """Store the ZIP; what the job has for its result."""
    with transaction() as session:
        file = storage.StoredFile(
            sha256=storage.put(content, most=MOST), size=len(content), mime="application/zip",
            name=f"{name[:190]}.zip", unit_id=unit_id, made_by_id=running.owner_id,
        )  # fmt: skip
        session.add(file)
        session.flush()  # the result names it
        return {"file": file.id}


def _sheet(
    archive: zipfile.ZipFile, name: str, columns: Sequence[sheets.Column], rows: Any, above: str
) -> None:
    with sheets.written(name, columns, rows, above=[above], landscape=True) as file:
        file.seek(0)
        archive.writestr(f"{name}.xlsx", file.read())


def _roster(archive: zipfile.ZipFile, row: TrainingClass, address: str) -> None:
    """Who took part, with hours and certificate."""
    credits = certificates.credits_of(row)
    rows = [
        [n, one.name, one.unit_name, "是" if one.met else "否", one.attended.minutes,
         credits.get(one.member_id or 0, 0) if one.member_id else "", one.number]
        for n, one in enumerate(certificates.learners(row), 1)
    ]  # fmt: skip
    columns = [
        sheets.Column("序号", 6, "number"), sheets.Column("姓名", 14), sheets.Column("支部或单位", 28),
        sheets.Column("达到结业条件", 14), sheets.Column("到课分钟", 10, "number"),
        sheets.Column("台账学时", 10, "hours"), sheets.Column("证书编号", 20),
    ]  # fmt: skip
    _sheet(archive, "1-花名册与学时", columns, rows, f"第{row.number}期{row.title}")


def _mark(one: Any, shared: bool) -> str:
    """How somebody attended, and by which way that is known: 迟到（扫码）."""
    said = STATES.get(one.status or ("present" if one.present else ""), "到课")
    if not one.present or one.how not in door.HOWS:
        return said
    ways = [in_chinese(door.HOWS[one.how])] + (["与他人同一部手机"] if shared and one.how == "code" else [])
    return f"{said}（{'，'.join(ways)}）"


def _shared_phones(class_id: int) -> set[tuple[int, int | None]]:
    """(event, member) of who signed in on a phone that had signed in somebody else."""
    found = db.session.execute(
        select(CheckIn.event_id, CheckIn.member_id)
        .join(ClassSession, ClassSession.event_id == CheckIn.event_id)
        .where(ClassSession.class_id == class_id, CheckIn.flag == "device")
        .order_by(CheckIn.id)
    )
    return {(one.event_id, one.member_id) for one in found}


def _attendance(archive: zipfile.ZipFile, row: TrainingClass, address: str) -> None:
    """A line for each person, a column for each session: did they come, and by which way is that known?"""
    sessions = certificates.held_sessions(row.id)
    found = db.session.execute(
        select(Attendance.event_id, Attendance.member_id, Attendance.guest_id, Attendance.present,
               Attendance.status, Attendance.how)
        .join(ClassSession, ClassSession.event_id == Attendance.event_id)
        .where(ClassSession.class_id == row.id)
        .order_by(Attendance.id)
    )  # fmt: skip
    shared = _shared_phones(row.id)
    marks = {
        (one.event_id, one.member_id, one.guest_id): _mark(one, (one.event_id, one.member_id) in shared)
        for one in found
    }
    rows = [
        [one.name, *(marks.get((each.event_id, one.member_id, one.guest_id), "") for each in sessions)]
        for one in certificates.learners(row)
    ]
    columns = [sheets.Column("姓名", 14)]
    columns += [sheets.Column(f"{one.day:%m-%d} {one.title}", 22) for one in sessions]
    _sheet(archive, "2-考勤表", columns, rows, f"第{row.number}期{row.title}")


def _evaluation(archive: zipfile.ZipFile, row: TrainingClass, address: str) -> None:
    """Means, where enough have answered; words without names."""
    found = evaluation.found(row.id)
    rows: list[list[Any]] = []
    named = [(in_chinese(text), found.questions[key]) for key, text in QUESTIONS.items()]
    named += [(name, result) for name, result in found.teachers]
    named += [(f"{one.day:%m-%d} {one.title}", result) for one, result in found.sessions]
    rows = [
        [
            name,
            result.answers,
            f"{result.mean / 100:.2f}" if result.mean is not None else "答卷不足5份，不显示",
        ]
        for name, result in named
    ]
    rows += [["学员的话", "", text] for text in found.comments]
    columns = [
        sheets.Column("项目", 36),
        sheets.Column("答卷", 8, "number"),
        sheets.Column("平均分（满分5）", 60),
    ]
    _sheet(archive, "3-学员评价", columns, rows, f"应答 {found.asked} 人，已答 {found.answers} 人（匿名）")


def _certificates(archive: zipfile.ZipFile, row: TrainingClass, address: str) -> None:
    """All that stand, as one PDF."""
    rows = certificates.standing(row.id)
    db.session.rollback()
    if rows:
        pdf = press.drawn(rows, lambda code: address.replace("{code}", code))
        archive.writestr("4-证书.pdf", pdf, zipfile.ZIP_STORED)


def _photos(archive: zipfile.ZipFile, row: TrainingClass, address: str) -> None:
    """Pictures of the sessions and photographed sheets, by day."""
    found = db.session.execute(
        select(Event.day, Event.title, storage.StoredFile.sha256, EventPhoto.kind, EventPhoto.id)
        .join(ClassSession, ClassSession.event_id == Event.id)
        .join(EventPhoto, EventPhoto.event_id == Event.id)
        .join(storage.StoredFile, storage.StoredFile.id == EventPhoto.file_id)
        .where(ClassSession.class_id == row.id, storage.StoredFile.mime.startswith("image/"))
        .order_by(Event.starts_at, EventPhoto.id)
    ).all()
    size = 0
    for one in found:
        path = storage.path_of(one.sha256)
        size += path.stat().st_size if path.exists() else 0
        if path.exists() and size < MOST // 2:
            title = "".join(ch for ch in one.title if ch.isalnum())[:30]
            archive.write(path, f"5-照片/{one.day:%m-%d}-{title}-{one.id}.jpg", zipfile.ZIP_STORED)
