"""Two hundred classes of an academy and all who came: written as rows, their hours by the one way in.

满洲里国门党建学院 counts 200 classes and 7,100 person-times (domain.md A.0). Half of those who come stand on
a roster in the academy's area, half are guests of other regions; who, when and how long follows from the
number of the class.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import insert, select

from pbtrain.classes.kinds import study_minutes
from pbtrain.classes.models import (
    Certificate,
    ClassEnrolment,
    ClassQuota,
    ClassSession,
    ClassTemplate,
    Evaluation,
    EvaluationDone,
    Teacher,
    TrainingClass,
    Venue,
)
from pbtrain.classes.services import certificates
from pbtrain.core import bulk, clock
from pbtrain.core.batches import batched
from pbtrain.core.db import db
from pbtrain.demo import cast
from pbtrain.demo.roster import World
from pbtrain.events.models import Attendance, Event, Guest
from pbtrain.hours import services as hours
from pbtrain.hours.posting import MOST_LINES
from pbtrain.org.names import pinyin
from pbtrain.org.roles import Role

CLASSES, PERSON_TIMES, GUESTS = 200, 7_100, 1_800
THEMES = (
    ("总体国家安全观", "leaders", 3), ("铸牢中华民族共同体意识", "all", 2),
    ("国门红色历史", "all", 1), ("党支部规范化建设", "secretaries", 3), ("边境安全常识", "all", 2),
    ("党员发展工作", "leaders", 1), ("秘密交通线现场教学", "all", 2), ("基层治理", "young", 3),
)  # fmt: skip
TEACHERS = (
    "示例白教授",
    "示例包教授",
    "示例高娃",
    "示例边检教员",
    "示例讲解组",
    "示例乌兰",
    "示例李讲师",
    "示例其木格",
)
VENUES = (  # name, kind, capacity, days before which a list is due
    ("示例中共六大展馆", "site", 120, 0), ("示例红色后代展厅", "site", 60, 0),
    ("示例秘密交通线遗址", "site", 80, 0), ("示例限定管理区", "site", 50, 4),
    ("第一报告厅", "room", 200, 0), ("第二报告厅", "room", 120, 0), ("研讨室一", "room", 40, 0),
    ("研讨室二", "room", 40, 0),
)  # fmt: skip
SESSIONS = (  # hour, minute, minutes, subject, way, venue, teacher
    ((9, 0, 150, "展馆体验教学", "visit", 0, 4), (14, 30, 180, "专题讲授", "lecture", 4, 1)),
    ((8, 30, 180, "现场教学", "visit", 3, 3), (14, 30, 180, "案例教学", "case", 2, 0)),
    ((8, 30, 180, "分组研讨和交流", "seminar", 6, 2), (14, 30, 45, "结业测验", "exam", 4, 5)),
)
NAMESPACE = uuid.UUID("5de0c0de-32aa-4000-8000-000000000200")
LATE = "示例：路上积雪"
CERTIFIED = 20  # classes whose certificates the academy has given here; before, on paper
STYLE = {
    "title": "结业证书",
    "body": "",
    "signer": "院长 示例白塔娜",
    "series": "国门{年份}-",
    "valid_years": 0,
}


class Held(NamedTuple):
    """A session that was held."""

    slot_id: int
    event_id: int
    starts: datetime
    minutes: int
    title: str
    mode: str


@dataclass
class Books:
    """What the load knows so far: ids by place, and the lines that are to be posted."""

    academy: int
    teachers: list[int]
    venues: list[int]
    guests: list[int]
    members: list[tuple[int, int, date]]  # id, branch, there since
    templates: list[int] = field(default_factory=list)
    lines: list[hours.Line] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)  # classes, the first first


def hold_classes(world: World, scale: float, tell: Callable[[str], None]) -> None:
    """All classes of the last twelve months with their timetables, people, attendance and hours."""
    count = max(round(CLASSES * scale), 4)
    books = _begin(world, max(round(GUESTS * scale), 40))
    for some in batched(range(1, count + 1), 20):
        for number in some:
            _hold(world, books, number, count)
        _post(world, books)
        tell(f"Classes: {some[-1]} of {count}")
    _certify(world, books)
    tell(f"Certificates of the last {min(CERTIFIED, count)} classes")


def seats_of(number: int) -> int:
    """People in a class: 35 and 36 in turn make 7,100 in 200."""
    return PERSON_TIMES // CLASSES + number % 2


def workdays(today: date) -> list[date]:
    """Those of the twelve months before a day, which is not among them."""
    days = (today - timedelta(days=back) for back in range(365, 3, -1))
    return [day for day in days if day.weekday() < 3]  # a class ends by Friday


def _begin(world: World, guests: int) -> Books:
    academy = world.units["academy"]
    teachers = _add(
        Teacher, [
            {"unit_id": academy, "name": name, "pinyin": pinyin(name), "title": "讲师",
             "topics": THEMES[n][0]}
            for n, name in enumerate(TEACHERS)
        ],
    )  # fmt: skip
    venues = _add(
        Venue, [
            {"unit_id": academy, "name": name, "kind": kind, "capacity": seats, "list_days": days}
            for name, kind, seats, days in VENUES
        ],
    )  # fmt: skip
    names = list(_names(guests))
    strangers = _add(
        Guest, [
            {"unit_id": academy, "name": name, "pinyin": pinyin(name), "phone": str(19_800_000_001 + n),
             "organisation": f"示例外地第{n % 30 + 1}党支部", "made_at": clock.now()}
            for n, name in enumerate(names)
        ],
    )  # fmt: skip
    since = {person.id: person.since for person in world.everybody()}
    members = [
        (person.id, world.units[plan.key], since[person.id])
        for plan in world.branches
        for person in world.people[plan.key]
        if person.stage in ("full", "probationary")
    ]
    books = Books(academy, teachers, venues, strangers, members)
    books.templates = _add(ClassTemplate, [_template(books, n) for n in range(len(THEMES))])
    return books


def _names(count: int) -> Iterator[str]:
    """Of guests: invented, some of them the same."""
    for n in range(count):
        sex = "MF"[n % 2]
        if n % 3 == 0:
            own = cast.MONGOLIAN[sex][n % len(cast.MONGOLIAN[sex])]
        else:
            own = cast.SURNAMES[n % len(cast.SURNAMES)] + cast.HAN[sex][n * 7 % len(cast.HAN[sex])]
        yield cast.PREFIX + own


def _template(books: Books, n: int) -> dict[str, Any]:
    theme, audience, days = THEMES[n]
    return {
        "unit_id": books.academy, "name": f"“{theme}”专题班", "theme": theme, "days": days, "capacity": 36,
        "audience": audience,
        "sessions": [
            {"day": day, "time": f"{hour:02}:{minute:02}", "minutes": minutes, "title": title, "mode": mode,
             "venue_id": books.venues[venue], "teacher_id": books.teachers[teacher]}
            for day in range(days)
            for hour, minute, minutes, title, mode, venue, teacher in SESSIONS[day]
        ],
        "rule": {"share": 80},
    }  # fmt: skip


def _hold(world: World, books: Books, number: int, count: int) -> None:
    theme, audience, days = THEMES[number % len(THEMES)]
    free = workdays(world.today)
    first = free[(number - 1) * len(free) // count]
    seats, clerk = seats_of(number), world.staff[Role.ACADEMY_ADMIN]
    (class_id,) = _add(
        TrainingClass, [{
            "unit_id": books.academy, "template_id": books.templates[number % len(THEMES)], "year": 0,
            "number": number, "title": f"“{theme}”专题班", "starts_on": first,
            "ends_on": first + timedelta(days=days - 1), "capacity": seats, "state": "closed",
            "audience": audience,
            "enrol_until": first - timedelta(days=3), "party_branch": f"第{number}期临时党支部",
            "branch_leader": "示例高娃", "rule": {"share": 80}, "evaluated": True,
            "form_id": str(uuid.uuid5(NAMESPACE, f"class {number}")), "made_by_id": clerk,
            "made_at": clock.at(first - timedelta(days=20), 9), "closed_at": _evening(first, days),
        }],
    )  # fmt: skip
    learners, strangers = _learners(books, number, seats, first)
    quotas = _add(
        ClassQuota,
        [
            {"class_id": class_id, "unit_id": unit_id, "seats": len(some)}
            for unit_id, some in ((world.units["root"], learners), (None, strangers))
        ],
    )
    asked = {"class_id": class_id, "state": "completed", "seat": True, "made_by_id": clerk,
             "made_at": clock.at(first - timedelta(days=10), 10)}  # fmt: skip
    enrolled = _add(
        ClassEnrolment,
        [
            asked | {"member_id": who, "guest_id": None, "unit_id": branch, "quota_id": quotas[0]}
            for who, branch, _since in learners
        ]
        + [
            asked | {"member_id": None, "guest_id": who, "unit_id": None, "quota_id": quotas[1]}
            for who in strangers
        ],
    )
    sessions = _timetable(books, class_id, number, first, days, clerk)
    _attend(books, sessions, learners, strangers, number)
    _judge(class_id, number, enrolled, [one.slot_id for one in sessions])
    books.closed.append(class_id)


def _learners(
    books: Books, number: int, seats: int, first: date
) -> tuple[list[tuple[int, int, date]], list[int]]:
    """Neighbouring classes have different people: each takes the next of the list."""
    own = seats // 2
    start = (number - 1) * own
    here = [books.members[(start + n) % len(books.members)] for n in range(own)]
    here = [one for one in here if one[2] <= first]
    away = seats - len(here)
    start = (number - 1) * away
    return here, [books.guests[(start + n) % len(books.guests)] for n in range(away)]


def _timetable(books: Books, class_id: int, number: int, first: date, days: int, clerk: int) -> list[Held]:
    """The sessions as events that were held."""
    planned = [
        (clock.at(first + timedelta(days=day), hour, minute), minutes, title, mode, venue, teacher)
        for day in range(days)
        for hour, minute, minutes, title, mode, venue, teacher in SESSIONS[day]
    ]
    events = _add(
        Event, [
            {"unit_id": books.academy, "activity": "training_class", "title": title,
             "day": clock.local(starts).date(), "starts_at": starts, "minutes": minutes,
             "place": VENUES[venue][0], "speaker": TEACHERS[teacher], "state": "held",
             "form_id": str(uuid.uuid5(NAMESPACE, f"session {number} {n}")), "form_hash": "", "version": 1,
             "recorded_by_id": clerk, "recorded_at": starts, "door_opened_at": starts - timedelta(minutes=20),
             "door_closed_at": starts + timedelta(minutes=minutes)}
            for n, (starts, minutes, title, _mode, venue, teacher) in enumerate(planned)
        ],
    )  # fmt: skip
    slots = _add(
        ClassSession, [
            {"class_id": class_id, "event_id": event_id, "mode": mode,
             "teacher_id": books.teachers[teacher], "venue_id": books.venues[venue]}
            for event_id, (*_what, mode, venue, teacher) in zip(events, planned, strict=True)
        ],
    )  # fmt: skip
    return [Held(*ids, *one[:4]) for ids, one in zip(zip(slots, events, strict=True), planned, strict=True)]


def _attend(
    books: Books,
    sessions: list[Held],
    learners: list[tuple[int, int, date]],
    strangers: list[int],
    number: int,
) -> None:
    """One of twenty misses a session, one of thirty comes late; the hours of members are to be posted."""
    rows = []
    people = [(who, None) for who, _branch, _since in learners] + [(None, who) for who in strangers]
    for place, (_slot_id, event_id, starts, minutes, title, mode) in enumerate(sessions):
        for n, (member_id, guest_id) in enumerate(people):
            dice = (number * 31 + n * 17 + place * 7) % 60
            came, late = dice >= 3, dice in (10, 40)
            rows.append(
                {"event_id": event_id, "member_id": member_id, "guest_id": guest_id, "present": came,
                 "status": "late" if late else "", "how": "code" if came else "",
                 "came_at": starts + timedelta(minutes=20 if late else -dice // 4) if came else None,
                 "left_at": None, "minutes": minutes - 20 if late else None, "reason": LATE if late else ""}
            )  # fmt: skip
            if came and member_id is not None:
                studied = study_minutes(minutes - 20 if late else minutes, mode)
                books.lines.append(_line(event_id, member_id, starts, minutes, studied, title))
    db.session.execute(insert(Attendance), rows)


def _line(event_id: int, who: int, starts: datetime, whole: int, minutes: int, title: str) -> hours.Line:
    return hours.Line(
        member_id=who, day=clock.local(starts).date(), activity="training_class", minutes=minutes,
        occurrence=f"event:{event_id}", title=title, starts_at=starts + timedelta(minutes=whole - minutes),
        ends_at=starts + timedelta(minutes=whole), proof="A",
    )  # fmt: skip


def _judge(class_id: int, number: int, enrolled: list[int], slots: list[int]) -> None:
    """What two thirds thought of it and of each session; who said what is not kept."""
    asked = ("content", "teaching", "order", *(f"session:{one}" for one in slots))
    done = [one for n, one in enumerate(enrolled) if n % 3]
    db.session.execute(insert(EvaluationDone), [{"enrolment_id": one} for one in done])
    db.session.execute(
        insert(Evaluation), [
            {"class_id": class_id, "comment": "",
             "scores": {key: 5 - (number + n * step) % 3 // (1 + n % 2) for step, key in
                        enumerate(asked, 1)}}
            for n in range(len(done))
        ],
    )  # fmt: skip


def _certify(world: World, books: Books) -> None:
    """Whoever finished one of the last classes was given a certificate on the day after it."""
    clerk = world.actor(world.staff[Role.ACADEMY_ADMIN])
    certificates.save_style(clerk, books.academy, version=0, values=STYLE)
    for class_id in books.closed[-CERTIFIED:]:
        certificates.issue(clerk, class_id)
    ended = select(TrainingClass.ends_on).where(TrainingClass.id == Certificate.class_id).scalar_subquery()
    rows = db.session.execute(select(Certificate.id, ended.label("day")).order_by(Certificate.id)).all()
    table = Certificate.__table__
    days = bulk.native(table, ["id", "issued_on"], [(row.id, row.day + timedelta(days=1)) for row in rows])
    bulk.update(table, ["issued_on"], days)


def _post(world: World, books: Books) -> None:
    """The hours of some classes; the ledger takes so many lines of one book at once."""
    clerk = world.actor(world.staff[Role.ACADEMY_ADMIN])
    for some in batched(books.lines, MOST_LINES):
        hours.post_many(clerk, list(some))
    books.lines.clear()


def _evening(first: date, days: int) -> datetime:
    return clock.at(first + timedelta(days=days - 1), 18)


def _add(model: Any, rows: list[dict[str, Any]]) -> list[int]:
    """The ids of new rows, in their order."""
    made = insert(model).returning(model.id, sort_by_parameter_order=True)
    return list(db.session.scalars(made, rows))
