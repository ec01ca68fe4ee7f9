"""How long what enrolment leaves behind is kept, and what goes with a person who is erased."""

from datetime import datetime

from sqlalchemy import delete, select, update

from pbtrain.classes.models import ClassEnrolment, ClassImport, ClassImportRow, ClassLeave
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services.seats import fill, locked
from pbtrain.core.db import db
from pbtrain.events.models import Guest
from pbtrain.org.access import Actor

QUIET = {"synchronize_session": False}


def forget(actor: Actor | None, member_id: int, *, name: str) -> None:
    """Somebody is erased: reasons go, open enrolments are withdrawn and their seats go to the next.

    `name` takes the place of the person's as a guest. Which classes were attended stays, under the number
    that erasure gives; the histories are append-only.
    """
    mine = update(ClassEnrolment).where(ClassEnrolment.member_id == member_id)
    open_states = (*rules.ASKED, "waiting", "offered", "enrolled")
    classes = db.session.scalars(
        select(ClassEnrolment.class_id)
        .where(ClassEnrolment.member_id == member_id, ClassEnrolment.state.in_(open_states))
        .order_by(ClassEnrolment.class_id)
    ).all()
    rooms = [locked(class_id) for class_id in classes]
    db.session.execute(mine.values(reason="").execution_options(**QUIET))
    db.session.execute(
        mine.where(ClassEnrolment.state.in_(open_states))
        .values(
            state="withdrawn", seat=False, waits_since=None, answer_until=None,
            version=ClassEnrolment.version + 1,
        )
        .execution_options(**QUIET)
    )  # fmt: skip
    own = select(ClassEnrolment.id).where(ClassEnrolment.member_id == member_id)
    db.session.execute(
        update(ClassLeave)
        .where(ClassLeave.enrolment_id.in_(own))
        .values(reason="")
        .execution_options(**QUIET)
    )
    db.session.execute(
        delete(ClassImportRow).where(ClassImportRow.member_id == member_id).execution_options(**QUIET)
    )
    db.session.execute(
        update(Guest)
        .where(Guest.member_id == member_id)
        .values(name=name, pinyin="", organisation="", phone="")
        .execution_options(**QUIET)
    )
    for room in rooms:
        fill(actor, room)


def forget_rows(before: datetime, limit: int) -> int:
    """Remove the rows of lists that were made before that moment, and let go of their files."""
    old = select(ClassImport.id).where(ClassImport.made_at < before)
    some = (
        select(ClassImportRow.id)
        .where(ClassImportRow.import_id.in_(old))
        .order_by(ClassImportRow.id)
        .limit(limit)
    )
    gone = db.session.execute(
        delete(ClassImportRow).where(ClassImportRow.id.in_(some)).execution_options(**QUIET)
    )
    db.session.execute(
        update(ClassImport)
        .where(ClassImport.made_at < before, ClassImport.file_id.is_not(None))
        .values(file_id=None)
        .execution_options(**QUIET)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]
