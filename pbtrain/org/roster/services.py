"""Importing a roster: take the file, read it in the background, then write all lines or the good ones.

Nothing is written to the roster before somebody has looked at the preview. What is written is worked out
first (`prepare`), so that `confirm` holds the writer for a moment only.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from sqlalchemy import delete, func, insert, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import clock, crypto, queue
from pbtrain.core.db import db, is_postgresql, transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor, actor_for, may
from pbtrain.org.models import RosterImport, RosterRow
from pbtrain.org.names import new_code, pinyin, username_base
from pbtrain.org.roles import Perm
from pbtrain.org.roster import merge
from pbtrain.org.roster.columns import COLUMNS, check_columns
from pbtrain.org.roster.known import scope_of
from pbtrain.org.roster.match import ID_PURPOSE, RAW_PURPOSE, Matcher, Staged
from pbtrain.org.roster.merge import Plan, Written
from pbtrain.org.roster.rules import NOTES, RosterReader
from pbtrain.org.uploads import files
from pbtrain.org.uploads.cells import shown
from pbtrain.org.uploads.columns import OWN_SHEETS

CHUNK = 1_000
LIVE = ("reading", "preview", "written")
TAKEN = N_("This import has been written or cancelled already.")
TAKEN_BY = N_("%(name)s has written or cancelled this import already, at %(when)s.")


def start_import(
    actor: Actor, unit_id: int, file_name: str, stream: BinaryIO, *, again: bool = False
) -> tuple[int, bool]:
    """Take an upload for a unit: (id of the import, is it new). The same file gives its earlier import.

    `again` reads it a second time. RuleError when the file is plainly no roster.
    """
    if not may(actor, Perm.ROSTER_MANAGE, unit_id):
        raise RuleError(N_("This unit is outside your scope."), field="unit_id")
    data, file_hash = files.receive(stream)
    earlier = db.session.scalar(
        select(RosterImport.id)
        .where(
            RosterImport.file_hash == file_hash,
            RosterImport.unit_id == unit_id,
            RosterImport.state.in_(LIVE),
            RosterImport.undone_at.is_(None),
        )
        .order_by(RosterImport.id.desc())
        .limit(1)
    )
    if earlier is not None and not again:
        return earlier, False
    row = RosterImport(
        unit_id=unit_id,
        actor_id=actor.account_id,
        file_name=shown("", file_name) or "?",
        file_hash=file_hash,
    )
    db.session.add(row)
    db.session.flush()  # the stored file and the job name row.id
    files.keep(row.id, file_hash, data)
    row.job_id = queue.enqueue("roster.read", {"import_id": row.id}, owner_id=actor.account_id)
    audit.record(
        actor, "roster.uploaded", f"roster:{row.id}", unit_id=unit_id, size=len(data), sha256=file_hash
    )
    return row.id, True


@queue.handler("roster.read")
def read_import(running: queue.Running) -> dict[str, Any] | None:
    """Read a stored file into staged rows; a second run begins anew, a finished one is left alone."""
    import_id = running.args["import_id"]
    job = db.session.execute(
        select(RosterImport.unit_id, RosterImport.file_hash, RosterImport.actor_id, RosterImport.state).where(
            RosterImport.id == import_id
        )
    ).first()
    if job is None or job.state != "reading":
        return None
    try:
        count, remarks = _stage(running, import_id, job)
    except RuleError as error:
        _refuse(import_id, error)
        files.forget(import_id, job.file_hash)
        return {"refused": error.message}
    with transaction() as session:
        session.execute(
            update(RosterImport)
            .where(RosterImport.id == import_id, RosterImport.state == "reading")
            .values(state="preview", read_at=clock.now(), remarks=json.dumps(remarks, ensure_ascii=False))
        )
    files.forget(import_id, job.file_hash)
    return {"rows": count}


def _refuse(import_id: int, error: RuleError) -> None:
    with transaction() as session:
        session.execute(delete(RosterRow).where(RosterRow.import_id == import_id))
        session.execute(
            update(RosterImport)
            .where(RosterImport.id == import_id, RosterImport.state == "reading")
            .values(
                state="refused",
                read_at=clock.now(),
                refusal=json.dumps([error.message, error.params], ensure_ascii=False)[:2000],
            )
        )


def _stage(running: queue.Running, import_id: int, job: Any) -> tuple[int, list[Any]]:
    """Put every line of the sheet into the staging table; returns their number and the remarks."""
    actor = actor_for(job.actor_id)
    if actor is None or not may(actor, Perm.ROSTER_MANAGE, job.unit_id):
        raise RuleError(N_("This unit is outside your scope."))
    scope = scope_of(actor, job.unit_id)
    with files.read(import_id, job.file_hash) as (sheet, lines):
        check_columns(set(sheet.columns), branch_given=scope.only is not None)
        with transaction() as session:
            session.execute(delete(RosterRow).where(RosterRow.import_id == import_id))
        reader = RosterReader(sheet.columns, today=clock.today(), system_1904=sheet.system_1904)
        matcher = Matcher(actor, scope)
        done = 0
        for chunk in _chunks(lines):
            done += _stage_chunk(import_id, sheet.columns, chunk, reader, matcher)
            running.progress(done, sheet.lines)
    if not done:
        raise RuleError(N_("There is no line below the headers."))
    _refuse_second_secretaries(import_id, matcher.second_secretaries())
    return done, _remarks(sheet, reader)


def _stage_chunk(
    import_id: int, columns: list[str], chunk: list[list[Any]], reader: RosterReader, matcher: Matcher
) -> int:
    """Read, match and store some lines; returns how many held anything."""
    pairs = [(reader.read(number, cells), cells) for number, *cells in chunk]
    rows = [row for row, _ in pairs if row is not None]
    raw = {row.line: cells for row, cells in pairs if row is not None}
    staged = [_stored(import_id, one, columns, raw) for one in matcher.classify(rows)]
    if staged:
        with transaction() as session:
            session.execute(insert(RosterRow), staged)
    return len(staged)


def _chunks(lines: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    chunk: list[list[Any]] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _stored(import_id: int, one: Staged, columns: list[str], raw: dict[int, list[Any]]) -> dict[str, Any]:
    """The row of the staging table; an ID number stands in it only sealed."""
    row = one.row
    values: dict[str, Any] = dict(row.values)
    number = values.pop("id_number", "")
    if row.errors:
        values = {"raw": _raw(columns, raw[row.line])} | {
            key: values[key] for key in ("name",) if key in values
        }
    elif number and "*" not in number:
        values["id_sealed"] = base64.b64encode(crypto.encrypt(number, ID_PURPOSE)).decode()
    elif number:
        values["id_shown"] = number
    if one.outcome == "new" or "name" in one.changes:
        values["pinyin"] = pinyin(values["name"])
    if one.outcome == "new":  # spelled here, so that the writer's lock is short
        values |= {"login": username_base(values["name"]), "new_code": new_code("M")}
    return {
        "import_id": import_id,
        "line": row.line,
        "name": row.values.get("name") or _as_far_as_readable(columns, raw[row.line]),
        "outcome": "refused" if row.errors else one.outcome,
        "member_id": None if row.errors else one.member_id,
        "unit_id": None if row.errors else one.unit_id,
        "values_json": json.dumps(values, ensure_ascii=False),
        "changes_json": json.dumps(one.changes, ensure_ascii=False) if one.changes else "",
        "errors_json": json.dumps(row.errors, ensure_ascii=False) if row.errors else "",
    }


def _as_far_as_readable(columns: list[str], cells: Sequence[Any]) -> str:
    """The name of a line whose name was refused, to find it by."""
    return shown("name", cells[columns.index("name")])[:60]


def _raw(columns: list[str], cells: Sequence[Any]) -> dict[str, str]:
    """What a refused line holds, for sending it back; the ID number sealed under "id_number"."""
    raw = {}
    for name, cell in zip(columns, cells, strict=False):
        text = shown("", cell)
        if text and name == "id_number":
            text = base64.b64encode(crypto.encrypt(text, RAW_PURPOSE)).decode()
        if text:
            raw[name] = text
    return raw


def _refuse_second_secretaries(import_id: int, lines: list[int]) -> None:
    message = N_("The branch has a secretary already. End that post first, or give it up in the same sheet.")
    errors = json.dumps([["post", message, {}, "书记"]], ensure_ascii=False)
    for start in range(0, len(lines), CHUNK):
        with transaction() as session:
            session.execute(
                update(RosterRow)
                .where(RosterRow.import_id == import_id, RosterRow.line.in_(lines[start : start + CHUNK]))
                .values(outcome="refused", errors_json=errors, changes_json="", member_id=None)
            )


def _remarks(sheet: files.Sheet, reader: RosterReader) -> list[Any]:
    """What was left aside or normalised, as [msgid, params]."""
    remarks: list[Any] = []
    if sheet.hidden:
        remarks.append(
            [N_("Hidden sheets were not read: %(names)s."), {"names": "、".join(sheet.hidden[:10])}]
        )
    if others := [name for name in sheet.others if name not in OWN_SHEETS]:
        remarks.append(
            [N_("Only the sheet “%(name)s” was read, not: %(names)s."),
             {"name": sheet.sheet, "names": "、".join(others[:10])}]
        )  # fmt: skip
    if sheet.stray:
        remarks.append([N_("%(count)s cells far outside the list were not read."), {"count": sheet.stray}])
    if sheet.unknown:
        remarks.append([N_("Columns not read: %(names)s."), {"names": "、".join(sheet.unknown)}])
    if missing := [column.header for name, column in COLUMNS.items() if name not in sheet.columns]:
        remarks.append(
            [
                N_("Columns not in the sheet; what is recorded there stays: %(names)s."),
                {"names": "、".join(missing)},
            ]
        )
    if sheet.encoding == "GB18030":
        remarks.append([N_("The file is in the encoding %(name)s."), {"name": "GBK / GB18030"}])
    remarks += [[NOTES[key], {"count": count}] for key, count in reader.notes.items() if count]
    return remarks


def _taken(import_id: int) -> Exception:
    return races.lost_to(TAKEN_BY, TAKEN, f"roster:{import_id}", "roster.written", "roster.cancelled")


def prepare(actor: Actor, import_id: int, mode: str, *, transfers: bool = False) -> Plan:
    """What writing the preview will do, worked out while nobody waits; reads only.

    `mode` "all_or_nothing" refuses while a line is refused, "good_rows" leaves those out; `transfers` also
    moves the people whom the sheet shows in another branch. Conflict when the roster has changed since.
    """
    one = db.session.execute(
        select(RosterImport.unit_id, RosterImport.read_at, RosterImport.state).where(
            RosterImport.id == import_id
        )
    ).one()
    if one.state != "preview":
        raise _taken(import_id)
    if not may(actor, Perm.ROSTER_MANAGE, one.unit_id):
        raise RuleError(N_("This unit is outside your scope."))
    counts = dict(
        db.session.execute(
            select(RosterRow.outcome, func.count())
            .where(RosterRow.import_id == import_id)
            .group_by(RosterRow.outcome)
        )
        .tuples()
        .all()
    )
    if mode != "good_rows" and counts.get("refused"):
        raise RuleError(
            N_(
                "%(count)s lines cannot be read in, so nothing was written. Correct them or write the others."
            ),
            count=counts["refused"],
        )
    return merge.plan(actor, import_id, counts, one.read_at, transfers=transfers)


def number(actor: Actor, plan: Plan) -> None:
    """Take the ids of the new rows and finish these, in a short transaction of its own before `confirm`.

    PostgreSQL gives ids that nobody else gets, whatever becomes of them; SQLite's are known to the one
    writer alone.
    """
    if is_postgresql() and (plan.new.people or plan.posts):
        with transaction():
            ids = merge.reserve(plan)
        plan.fresh = merge.number(actor, plan, *ids)


def confirm(actor: Actor, plan: Plan) -> Written:
    """Write the plan, in the caller's transaction; Conflict when somebody was faster or the roster changed.

    The caller also begins the years of the new people and settles those of `settle`: hours lie above.
    """
    unit_id = db.session.scalar(
        update(RosterImport)
        .where(RosterImport.id == plan.import_id, RosterImport.state == "preview")
        .values(state="written", written_at=clock.now(), written_rows=plan.people)
        .returning(RosterImport.unit_id)
    )
    if unit_id is None:
        raise _taken(plan.import_id)
    written = merge.write(actor, plan)
    audit.record(
        actor,
        "roster.written",
        f"roster:{plan.import_id}",
        unit_id=unit_id,
        transfers=plan.transfers,
        lines=plan.counts,
    )
    return written


def cancel(actor: Actor, import_id: int) -> None:
    """Drop a preview: nothing was written, and its staged rows go."""
    unit_id = db.session.scalar(
        update(RosterImport)
        .where(RosterImport.id == import_id, RosterImport.state == "preview")
        .values(state="cancelled")
        .returning(RosterImport.unit_id)
    )
    if unit_id is None:
        raise _taken(import_id)
    db.session.execute(delete(RosterRow).where(RosterRow.import_id == import_id))
    audit.record(actor, "roster.cancelled", f"roster:{import_id}", unit_id=unit_id)
