"""A branch's meeting, what it plans, and where it learns."""

from typing import Any

from pbtrain.core import clock
from pbtrain.events.models import Attendance, Event, EventPhoto, EventSeries, LearningPoint, Theme
from pbtrain.org.models import Member, Unit
from tests.support.world.rows import BEGAN, COMES, DAY, Rows


def add_meeting(rows: Rows, unit: Unit, person: Member) -> dict[str, Any]:
    """One that took place, with who came, the sheet they signed and a photo."""
    event = rows.add(
        Event(
            unit_id=unit.id,
            activity="theme_day",
            title="示例主题党日",
            day=DAY,
            starts_at=BEGAN,
            minutes=90,
            form_id=f"form-{rows.next()}",
            form_hash="0" * 64,
        )
    )
    expected = rows.add(Attendance(event_id=event.id, member_id=person.id, present=True))
    sheet = rows.picture(unit, "签到表.jpg")
    rows.session.add(EventPhoto(event_id=event.id, file_id=sheet.id, kind="sheet"))
    file = rows.picture(unit, "示例.jpg")
    photo = rows.add(EventPhoto(event_id=event.id, file_id=file.id))
    ids = {
        "event_id": event.id,
        "attendance_id": expected.id,
        "sheet_uuid": sheet.uuid,
        "file_id": file.id,
        "uuid": file.uuid,
        "photo_id": photo.id,
    }
    return ids | add_calendar(rows, unit, person)


def add_calendar(rows: Rows, unit: Unit, person: Member) -> dict[str, Any]:
    """What is planned and given in a unit, and where it learns."""
    theme = rows.add(
        Theme(unit_id=unit.id, activity="theme_day", title="示例主题", from_day=DAY, due_on=COMES)
    )
    series = rows.add(
        EventSeries(
            unit_id=unit.id, activity="theme_day", title="示例固定党日", every="day:15", time="15:00",
            minutes=90, from_day=DAY, until_day=COMES,
        )
    )  # fmt: skip
    planned = rows.add(
        Event(
            unit_id=unit.id, activity="theme_day", title="示例计划", day=COMES, state="planned",
            starts_at=clock.at(COMES, 14), minutes=90, form_id=f"form-{rows.next()}", form_hash="",
        )
    )  # fmt: skip
    point = rows.add(LearningPoint(unit_id=unit.id, name="示例中心户", host_id=person.id))
    return {
        "theme_id": theme.id,
        "series_id": series.id,
        "planned_id": planned.id,
        "point_id": point.id,
        "activity": "theme_day",
    }
