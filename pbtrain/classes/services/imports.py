"""Many people for a class at once: from a sheet or from the tree, as a preview, then all good rows or none.

A sheet is read by a job; whoever makes a list of the tree sees it at once. Nothing here commits but the job.
"""

from collections.abc import Sequence
from typing import Any, BinaryIO

from sqlalchemy import delete, func, insert, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.classes.models import (
    ClassEnrolment,
    ClassImport,
    ClassImportRow,
    EnrolmentStep,
    TrainingClass,
)
from pbtrain.classes.queries import imports as queries
from pbtrain.classes.rules import enrolment, imports
from pbtrain.classes.services.enrolment import Outcome, enrol_many, fitness, person_of
from pbtrain.classes.services.guests import add_many
from pbtrain.classes.services.seats import Person, Room, fill, locked, move, persons, quotas_for
from pbtrain.core import bulk, clock, queue, storage
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.core.storage import StoredFile
from pbtrain.org.access import Actor
from pbtrain.org.uploads import files
from pbtrain.org.uploads.cells import shown

FASTER = N_("%(name)s has dealt with this list already, at %(when)s.")
MOVED = N_("Somebody has changed this list meanwhile.")
TAKEN_BACK = "批量报名已撤销"  # the reason each of them reads


def start_sheet(actor: Actor, class_id: int, *, name: str, stream: BinaryIO) -> int:
    """Take a sheet for a class; its id. A job reads it. RuleError when it is plainly no list."""
    row = db.session.get_one(TrainingClass, class_id)
    data, sha256 = files.receive(stream)
    file = StoredFile(
        sha256=storage.put(data),
        size=len(data),
        mime="application/octet-stream",
        name=shown("", name)[:200] or "?",
        unit_id=row.unit_id,
        made_by_id=actor.account_id,
    )
    db.session.add(file)
    db.session.flush()  # the list names file.id
    made = _new(actor, class_id, "sheet", file.name, state="reading", file_id=file.id)
    queue.enqueue(
        queries.READ, {"import_id": made.id}, owner_id=actor.account_id, key=queries.job_key(made.id)
    )
    audit.record(actor, "class.list", f"class:{class_id}", unit_id=row.unit_id, list=made.id, sha256=sha256)
    return made.id


def _new(actor: Actor, class_id: int, kind: str, name: str, **fields: Any) -> ClassImport:
    made = ClassImport(class_id=class_id, kind=kind, name=name, made_by_id=actor.account_id, **fields)
    db.session.add(made)
    db.session.flush()  # rows and the job name made.id
    return made


def start_tree(actor: Actor, class_id: int, *, unit_id: int, posts: str, fresh: bool, name: str) -> int:
    """Make a list of members in or below a unit whom the class is for; its id. RuleError when there is none.

    `posts`: a key of kinds.BRANCH_POSTS; `fresh`: only who has been in no class of the year (全员轮训).
    """
    row = db.session.get_one(TrainingClass, class_id)
    people = db.session.execute(queries.from_tree(row, unit_id=unit_id, posts=posts, fresh=fresh)).all()
    if not people:
        raise RuleError(N_("Nobody fits this. Choose another unit, or take fewer conditions."), "unit")
    made = _new(actor, class_id, "tree", name, state="preview")
    staged = [
        {
            "line": number,
            "member_id": one.id,
            "unit_id": one.unit_id,
            "outcome": "seat",
            "values": {"name": one.name, "code": one.code} | ({"been": True} if one.been else {}),
            "errors": None,
        }
        for number, one in enumerate(people, 1)
    ]
    _keep(made.id, row, staged)
    audit.record(
        actor, "class.list", f"class:{class_id}", unit_id=row.unit_id, list=made.id, below=unit_id,
        posts=posts, fresh=fresh, people=len(staged),
    )  # fmt: skip
    return made.id


def _keep(import_id: int, row: TrainingClass, staged: list[dict[str, Any]]) -> None:
    """Store the rows with the seats that are free for them now."""
    room = locked(row.id)
    queries.seated(staged, room.seats, quotas_for(room, (one["unit_id"] for one in staged)))
    good, refused = queries.summed(staged)
    stored = [{k: v for k, v in one.items() if k != "unit_id"} | {"import_id": import_id} for one in staged]
    db.session.execute(insert(ClassImportRow), stored)
    db.session.execute(
        update(ClassImport)
        .where(ClassImport.id == import_id, ClassImport.state.in_(("reading", "preview")))
        .values(state="preview", good=good, refused=refused)
        .execution_options(synchronize_session=False)
    )


@queue.handler(queries.READ)
def read_sheet(running: queue.Running) -> dict[str, Any] | None:
    """Read a stored sheet into rows; a second run begins anew, a finished one is left alone."""
    import_id = running.args["import_id"]
    made = db.session.get(ClassImport, import_id)
    if made is None or made.state != "reading":
        return None
    row = db.session.get_one(TrainingClass, made.class_id)
    file = db.session.get_one(StoredFile, made.file_id)
    try:
        staged = _read(row, storage.path_of(file.sha256))
    except RuleError as error:
        with transaction() as session:
            failed = update(ClassImport).where(ClassImport.id == import_id, ClassImport.state == "reading")
            session.execute(failed.values(state="failed"))
        return {"refused": [error.message, error.params]}
    with transaction() as session:
        session.execute(delete(ClassImportRow).where(ClassImportRow.import_id == import_id))
        _keep(import_id, row, staged)
    return {"rows": len(staged)}


def _read(row: TrainingClass, path: Any) -> list[dict[str, Any]]:
    with path.open("rb") as stream:
        form = files.kind_of(stream.read(files.HEAD), b"")
    with files.run_child(path, form, imports.LAYOUT) as (sheet, lines):
        imports.check_columns(set(sheet.columns))
        reader = imports.LearnerReader(sheet.columns)
        raw = {number: cells for number, *cells in lines}
    read = [found for number, cells in raw.items() if (found := reader.read(number, cells))]
    if not read:
        raise RuleError(N_("There is no line below the headers."))
    staged = queries.Matcher(row).match(read)
    for one in staged:
        if one["errors"]:  # what the sheet holds, for whoever corrects it
            pairs = zip(sheet.columns, raw[one["line"]], strict=False)
            one["values"] = {name: text for name, cell in pairs if (text := shown(name, cell))}
    return staged


def apply(actor: Actor, import_id: int, version: int, *, answer: bool, overflow: bool) -> Outcome:
    """Write all good rows: seats in the order of the list, the rest on the waiting list if `overflow`.

    `answer`: members answer first, else they are enrolled at once. Whoever came into the class meanwhile, or
    is not for it any more, is left out. A constant number of statements.
    """
    class_id = _seen(import_id, version, "preview")
    room = locked(class_id)
    enrolment.check_takes(room.row.state, room.row.ends_on, clock.today())
    rows = db.session.execute(
        select(ClassImportRow.id, ClassImportRow.member_id, ClassImportRow.values)
        .where(ClassImportRow.import_id == import_id, ClassImportRow.outcome.in_(imports.GOOD))
        .order_by(ClassImportRow.line)
    ).all()
    if not rows:
        raise RuleError(N_("There is no row that can be written."))
    people = _people(actor, room, rows)
    done = enrol_many(actor, room, people, answer=answer, overflow=overflow, note=reason_of(import_id))
    _move(import_id, version, "applied")
    audit.record(
        actor, "class.list_applied", f"class:{class_id}", unit_id=room.row.unit_id, list=import_id,
        people=done.after,
    )  # fmt: skip
    return done


def _people(actor: Actor, room: Room, rows: Sequence[Any]) -> list[Person]:
    """Who is behind the rows, in their order, fit to be enrolled today; new guests are written."""
    found = {row.id: row for row in fitness(room.row, [row.member_id for row in rows if row.member_id])}
    guests = _guests(actor, room, [row for row in rows if row.member_id is None])
    there = {
        one.guest_id: one
        for one in persons(
            room, ClassEnrolment.guest_id.in_(bulk.among([one for one in guests.values() if one]))
        )
    }
    may = enrolment.ACTS["enrol"].before
    people = []
    for row in rows:
        if row.member_id is not None:
            one = found.get(row.member_id)
            if one is None or not one.served or not one.fits:
                continue
            person = person_of(one)
        else:
            guest_id = guests[row.id]
            if guest_id is None:
                continue
            person = there.get(guest_id) or Person(None, "", 1, None, guest_id, None, None)
        if person.state in may and person.state != "offered":
            people.append(person)
    return people


def _guests(actor: Actor, room: Room, rows: Sequence[Any]) -> dict[int, int | None]:
    """The guest behind each row: whom the academy knows by now, also by the same sheet sent twice, else a new
    one; None for a guest who has become a member since the list was read."""
    known = queries.guests_known(room.row, [row.values["name"] for row in rows])
    ids, found, fresh = {one.id for one in known.values()}, dict[int, int | None](), []
    for row in rows:
        meant = row.values.get("guest_id")
        same = known.get(queries.guest_key(row.values["name"], row.values["branch"]))
        if meant is not None:
            found[row.id] = meant if meant in ids else None
        elif same is not None:
            found[row.id] = same.id
        else:
            fresh.append(row)
    made = add_many(actor, room.row.unit_id, [row.values for row in fresh])
    return found | {row.id: guest_id for row, guest_id in zip(fresh, made, strict=True)}


def drop(actor: Actor, import_id: int, version: int) -> None:
    """Forget a list that was not written, and its rows."""
    class_id = _seen(import_id, version, "preview", "failed")
    _move(import_id, version, "dropped")
    db.session.execute(delete(ClassImportRow).where(ClassImportRow.import_id == import_id))
    audit.record(actor, "class.list_dropped", f"class:{class_id}", list=import_id)


def undo(actor: Actor, import_id: int, version: int) -> int:
    """Take out again whom a list brought in and nothing has happened with since; how many. The steps of the
    people name their list, so that it needs none of its rows, which are forgotten after a month."""
    class_id = _seen(import_id, version, "applied")
    room = locked(class_id)
    last = (
        select(func.max(EnrolmentStep.id))
        .where(EnrolmentStep.enrolment_id == ClassEnrolment.id)
        .correlate(ClassEnrolment)
        .scalar_subquery()
    )
    brought = select(EnrolmentStep.id).where(
        EnrolmentStep.id == last, EnrolmentStep.act == "enrol", EnrolmentStep.reason == reason_of(import_id)
    )
    people = persons(room, ClassEnrolment.state.in_(("enrolled", "offered", "waiting")), brought.exists())
    move(actor, room, "withdraw", "withdrawn", people, reason=TAKEN_BACK)
    _move(import_id, version, "undone")
    audit.record(
        actor, "class.list_undone", f"class:{class_id}", unit_id=room.row.unit_id, list=import_id,
        people=len(people),
    )  # fmt: skip
    fill(actor, room)
    return len(people)


def reason_of(import_id: int) -> str:
    """What the steps of a list's people say, so that it can be taken back."""
    return f"批量报名 {import_id}"


def _seen(import_id: int, version: int, *states: str) -> int:
    """The class of a list that is still as the person saw it."""
    row = db.session.execute(
        select(ClassImport.class_id, ClassImport.version, ClassImport.state).where(
            ClassImport.id == import_id
        )
    ).one()
    if row.version != version:
        raise _faster(row.class_id, import_id)
    imports.check_state(row.state, *states)
    return int(row.class_id)


def _move(import_id: int, version: int, state: str) -> None:
    moved = db.session.execute(
        update(ClassImport)
        .where(ClassImport.id == import_id, ClassImport.version == version)
        .values(state=state, version=ClassImport.version + 1)
        .returning(ClassImport.class_id)
        .execution_options(synchronize_session=False)
    ).first()
    if moved is None:
        class_id = db.session.scalar(select(ClassImport.class_id).where(ClassImport.id == import_id))
        raise _faster(class_id or 0, import_id)


def _faster(class_id: int, import_id: int) -> Conflict:
    acts = ("class.list_applied", "class.list_dropped", "class.list_undone")
    return races.lost_to(FASTER, MOVED, f"class:{class_id}", *acts, list=import_id)
