"""An academy: what it has, its classes, and the certificates they gave."""

from typing import Any

from pbtrain.classes.models import (
    Certificate,
    ClassEnrolment,
    ClassImport,
    ClassSession,
    ClassTemplate,
    Teacher,
    TrainingClass,
    Venue,
)
from pbtrain.core import clock
from pbtrain.events.models import Event, Guest
from pbtrain.org.models import Academy, Unit
from tests.support.world.rows import COMES, DAY, Rows


def add_academy(rows: Rows, unit: Unit, area: Unit) -> None:
    """Whom it serves, and the picture of its seal."""
    seal = rows.picture(unit, "印章.jpg", b"jpeg of a seal").sha256
    rows.session.add(Academy(unit_id=unit.id, service_unit_id=area.id, seal=seal))


def add_classes(rows: Rows, unit: Unit) -> dict[str, Any]:
    """What an academy of this unit has: who teaches where, a class that is open and one that is not."""
    teacher = rows.add(Teacher(unit_id=unit.id, name="示例教师", pinyin="shili"))
    venue = rows.add(Venue(unit_id=unit.id, name="示例展馆", kind="site", capacity=40, list_days=4))
    template = rows.add(
        ClassTemplate(unit_id=unit.id, name="示例专题班", days=1, capacity=35, sessions=[], rule={})
    )
    ids = {
        "teacher_id": teacher.id,
        "venue_id": venue.id,
        "template_id": template.id,
        "shelf": "venues",
        "bundle": "file",
    }
    for name, state in (("class_id", "open"), ("draft_class_id", "draft")):
        number = rows.next()
        row = rows.add(
            TrainingClass(
                unit_id=unit.id, year=0, number=number, title="示例专题班", starts_on=COMES,
                ends_on=COMES, capacity=35, state=state, rule={}, form_id=f"class-{number}",
            )
        )  # fmt: skip
        ids[name] = row.id
        event = rows.add(
            Event(
                unit_id=unit.id, activity="training_class", title="示例讲授", day=COMES, state="planned",
                starts_at=clock.at(COMES, 14), minutes=90, form_id=f"form-{number}", form_hash="",
            )
        )  # fmt: skip
        slot = ClassSession(
            class_id=row.id, event_id=event.id, mode="lecture", teacher_id=teacher.id, venue_id=venue.id
        )
        ids[name.replace("class", "slot")] = rows.add(slot).id
    guest = rows.add(Guest(unit_id=unit.id, name="示例外地学员", pinyin="shili"))
    place = ClassEnrolment(class_id=ids["class_id"], guest_id=guest.id, state="applied")
    listed = ClassImport(class_id=ids["class_id"], kind="tree", name="示例", state="preview")
    return ids | {
        "guest_id": guest.id, "enrolment_id": rows.add(place).id, "list_id": rows.add(listed).id
    }  # fmt: skip


def add_certificates(rows: Rows, unit: Unit, member_id: int) -> dict[str, Any]:
    """A class that is over, and the certificate its learner was given."""
    number = rows.next()
    row = rows.add(
        TrainingClass(
            unit_id=unit.id, year=0, number=number, title="示例专题班", starts_on=DAY, ends_on=DAY,
            capacity=35, state="closed", rule={"share": 80}, form_id=f"class-{number}", evaluated=True,
        )
    )  # fmt: skip
    enrolment = rows.add(ClassEnrolment(class_id=row.id, member_id=member_id, state="completed", seat=True))
    facts = {
        "name": "示例学员", "unit": "示例支部", "academy": unit.name, "class": "“示例专题班”",
        "term": "第1期", "from": "2026年5月8日", "until": "2026年5月8日", "credit": 400,
        "title": "结业证书", "text": "示例", "seal": "", "signer": "", "signature": "",
    }  # fmt: skip
    given = rows.add(
        Certificate(
            unit_id=unit.id, class_id=row.id, enrolment_id=enrolment.id, member_id=member_id,
            kind="certificate", number=f"2026-{number:05}", code=f"{number:022}", facts=facts,
            issued_on=DAY,
        )
    )  # fmt: skip
    return {
        "certificate_id": given.id,
        "closed_class_id": row.id,
        "closed_enrolment_id": enrolment.id,
        "picture": "seal",
        "behind": "people",
    }
