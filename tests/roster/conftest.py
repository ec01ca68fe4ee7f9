"""An office with three branches, somebody who manages its roster, and rosters made as they are sent."""

import csv
import sys
from contextlib import redirect_stdout
from io import BytesIO
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from pbtrain.core import clock, queue
from pbtrain.core.db import transaction
from pbtrain.home import roster_work
from pbtrain.hours import verify
from pbtrain.org.models import RosterImport, RosterRow
from pbtrain.org.roles import Role
from pbtrain.org.roster import queries, services
from pbtrain.org.uploads import child, files
from tests.roster import sheets
from tests.support.remembering import remembered


@pytest.fixture(autouse=True)
def own_child(monkeypatch):
    """The reading child's work is done in this process: a process for each sheet would cost half of these
    tests. Those of `test_hostile` start the real one."""

    def read_here(path, kind, layout, answer):
        limit = csv.field_size_limit()
        arguments = ["child", str(path), kind, child.told(layout)]
        try:
            with monkeypatch.context() as patch, redirect_stdout(answer):
                patch.setattr(sys, "argv", arguments)
                patch.setattr(child, "limit", lambda: None)
                child.main()
        finally:
            csv.field_size_limit(limit)
        answer.seek(0)

    monkeypatch.setattr(files, "_child", read_here)


@pytest.fixture
@remembered
def office(make):
    """A committee with three branches and its unit administrator; another committee beside it."""
    root = make.ruled("示例市委", since=clock.today().year)
    committee = make.unit("示例街道党委", parent=root, kind="committee", code="B001")
    branches = [
        make.unit(f"示例第{number}党支部", parent=committee, code=f"B10{number}") for number in (1, 2, 3)
    ]
    beside = make.unit("示例镇党委", parent=root, kind="committee")
    elsewhere = make.unit("示例镇第一党支部", parent=beside)
    admin = make.person(Role.UNIT_ADMIN, committee)
    return SimpleNamespace(
        root=root,
        committee=committee,
        branches=branches,
        elsewhere=elsewhere,
        admin=admin,
        actor=make.actor(admin),
    )


@pytest.fixture
def send(db, office):
    """`send(rows)` uploads lines of {header: cell} as xlsx and reads them; `send(data=…)` sends bytes."""

    def upload(rows=(), *, data=None, actor=None, unit=None, again=False, **options):
        data = data if data is not None else sheets.xlsx(rows, **options)
        with transaction():
            import_id, _ = services.start_import(
                actor or office.actor, (unit or office.committee).id, "名册.xlsx", BytesIO(data), again=again
            )
        queue.run_waiting()
        return import_id

    return upload


@pytest.fixture
def state(db):
    """`state(import_id)`: the import, its rows by line."""

    def look(import_id):
        db.session.rollback()
        row = db.session.get_one(RosterImport, import_id)
        rows = db.session.scalars(
            select(RosterRow).where(RosterRow.import_id == import_id).order_by(RosterRow.line)
        ).all()
        return SimpleNamespace(
            state=row.state,
            refusal=row.refusal,
            remarks=row.remarks,
            written=row.written_rows,
            rows={one.line: one for one in rows},
            outcomes=[one.outcome for one in rows],
            errors={one.line: one.errors_json for one in rows if one.errors_json},
        )

    return look


@pytest.fixture
def confirm(db, office):
    """Write an import as its page does: (people written, the ids of the new ones)."""

    def write(import_id, mode="all_or_nothing", *, actor=None, transfers=False):
        done = roster_work.write(actor or office.actor, import_id, mode, transfers=transfers)
        return done.people, list(done.new)

    return write


@pytest.fixture
def roster(office, db):
    """`roster()`: what an export would hold now."""

    def read():
        db.session.rollback()
        return list(queries.roster(office.actor, office.committee.id, full=True))

    return read


@pytest.fixture
def undo(office, db):
    """`undo(import_id)` as the page does it."""

    def back(import_id):
        found = roster_work.undo(office.actor, import_id)
        db.session.rollback()
        return found

    return back


def reasons(found):
    """What could not be taken back, and why."""
    return [(one.line, one.field, one.message) for one in found.stays]


def sound(db):
    """The ledger agrees with the roster."""
    db.session.rollback()
    assert [str(one) for one in verify.verify()] == []
