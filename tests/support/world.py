"""Two sister trees with everything in them: the world in which every route is asked by everybody.

The same kinds of object stand in every place of the tree, so that for each visitor there are some inside
its own unit, above, below and beside. Rows are written directly, in one transaction.
"""

from datetime import date, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from pbtrain.accounts.models import Account, KnownDevice, LoginSession, Slip
from pbtrain.claims.models import Evidence, Platform, Takeover
from pbtrain.classes.models import (
    Certificate,
    CertificateStyle,
    ClassEnrolment,
    ClassImport,
    ClassSession,
    ClassTemplate,
    Teacher,
    TrainingClass,
    Venue,
)
from pbtrain.closing.models import Statement
from pbtrain.core import clock, site
from pbtrain.core.db import transaction
from pbtrain.core.queue import Job
from pbtrain.core.storage import StoredFile, put
from pbtrain.core.tokens import fingerprint, new_token
from pbtrain.courses.models import Course, Enrolment, Lesson
from pbtrain.events.models import Attendance, Event, EventPhoto, EventSeries, Guest, LearningPoint, Theme
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim
from pbtrain.hours.policy import PolicyRules
from pbtrain.notify.models import Delivery, Message
from pbtrain.org.models import (
    Academy,
    Affiliation,
    CareSpan,
    DataReport,
    Member,
    Post,
    RoleGrant,
    RosterCopy,
    RosterImport,
    RosterRow,
    StatusSpan,
    Unit,
    UnitClosure,
    UnitLink,
)
from pbtrain.org.roles import Role
from pbtrain.policies.models import PolicyDraft
from pbtrain.quizzes.models import Attempt, Question, Quiz, QuizVersion
from tests.support.cast import CAST, DAYS, SERVES, TREE, Visitor, World, line_of

LONG_AGO = date(2020, 1, 1)
DAY = date(2026, 5, 8)
BEGAN = clock.at(DAY, 14)
COMES = date(2027, 3, 8)  # the day of the classes


def build(app: Flask) -> World:
    """Fill an empty, migrated database and sign everybody in."""
    with app.app_context(), transaction() as session:
        site.mark("real")
        builder = Builder(session)
        units = builder.units()
        hours.publish_default_policy(None, units["root"].id, 2020)
        people = {place: builder.resident(place, units[place]) for place in TREE}
        ids = {place: builder.fill(place, units[place], people[place]) for place in TREE}
        for place in TREE:
            ids[place] |= builder.lines(ids[place])
            ids[place] |= builder.claims(units[place], ids[place])
            ids[place] |= builder.certificates(units[place], ids[place]["member_id"])
            session.add(CertificateStyle(unit_id=units[place].id, title="结业证书", body="{姓名}"))
        for place, area in SERVES.items():
            builder.academy(units[place], units[area])
        visitors = {"anonymous": Visitor("anonymous")}
        for name, (home, role, stands_there) in CAST.items():
            visitors[name] = builder.visitor(app, name, home, units[home], role, stands_there, ids[home])
        return World(ids, visitors)


class Builder:
    """Adds rows to one session and remembers their ids."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.count = 0

    def add(self, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        return row

    def next(self) -> int:
        self.count += 1
        return self.count

    def units(self) -> dict[str, Unit]:
        made: dict[str, Unit] = {}
        for name, (kind, parent) in TREE.items():
            parent_id = made[parent].id if parent else None
            unit = self.add(
                Unit(
                    name=f"示例{name}",
                    code=f"U{self.next():05}",
                    kind=kind,
                    parent_id=parent_id,
                    valid_from=LONG_AGO,
                )
            )
            made[name] = unit
            self.session.add(UnitLink(unit_id=unit.id, parent_id=parent_id, valid_from=LONG_AGO))
            for depth, above in enumerate([name, *line_of(name)]):
                self.session.add(UnitClosure(above_id=made[above].id, below_id=unit.id, depth=depth))
        return made

    def account(self, name: str) -> Account:
        return self.add(
            Account(username=f"{name}{self.next()}".lower(), name=f"示例{name}", activated_at=clock.now())
        )

    def person(self, name: str, unit: Unit) -> Member:
        account = self.account(name)
        number = self.next()
        member = self.add(
            Member(
                account_id=account.id,
                unit_id=unit.id,
                name=account.name,
                pinyin=f"shili{number:05}",
                code=f"M{number:05}",
            )
        )
        self.session.add(Affiliation(member_id=member.id, unit_id=unit.id, valid_from=LONG_AGO))
        return member

    def resident(self, place: str, unit: Unit) -> Member:
        return self.person(place, unit)

    def academy(self, unit: Unit, area: Unit) -> None:
        """Whom it serves, and the picture of its seal."""
        seal = put(b"jpeg of a seal")
        self.session.add(
            StoredFile(sha256=seal, size=14, mime="image/jpeg", name="印章.jpg", unit_id=unit.id)
        )
        self.session.add(Academy(unit_id=unit.id, service_unit_id=area.id, seal=seal))

    def fill(self, place: str, unit: Unit, person: Member) -> dict[str, Any]:
        account_id = person.account_id or 0
        author = self.account("author")
        self.session.add(
            RoleGrant(account_id=author.id, unit_id=unit.id, role=Role.COURSE_AUTHOR, valid_from=LONG_AGO)
        )
        role = RoleGrant(
            account_id=self.account("holder").id, unit_id=unit.id, role=Role.UNIT_AUDITOR, valid_from=LONG_AGO
        )
        ids = {
            "unit_id": unit.id,
            "branch_id": unit.id,
            "member_id": person.id,
            "account_id": account_id,
            "author_id": author.id,
            "grant_id": self.add(role).id,
            "post_id": self.add(
                Post(member_id=person.id, unit_id=unit.id, kind="committee_member", valid_from=LONG_AGO)
            ).id,
            "care_id": self.add(CareSpan(member_id=person.id, valid_from=date(2026, 9, 1))).id,
            "status_id": self.add(
                StatusSpan(member_id=person.id, kind="cadre_township", valid_from=date(2026, 9, 1))
            ).id,
            "report_id": self.add(
                DataReport(member_id=person.id, unit_id=unit.id, subject="phone", text="示例")
            ).id,
            "year": 2026,
            "code": "short",
            "number": 1,
            "kind": "single",
            "key": "ledger",
            "filename": "dist/none.css",
        }
        ids |= self.rules(unit)
        ids |= self.own(account_id) | self.learning(unit, person) | self.meeting(unit, person)
        ids |= self.office(unit, account_id) | self.classes(unit)
        return ids

    def rules(self, unit: Unit) -> dict[str, Any]:
        """A version of this unit, a draft of the next, and what a trial of it found."""
        policy_id = hours.publish_policy(None, unit.id, 2019, PolicyRules())
        rules = PolicyRules().as_json()
        draft = self.add(PolicyDraft(unit_id=unit.id, year=2027, effective_on=date(2027, 1, 1), rules=rules))
        trial = self.add(
            Job(
                kind="policies.trial",
                state="done",
                args={"unit_id": unit.id, "year": 2027, "ledger_year": 2026},
                result={"units": {}, "places": {}, "without_rules": 0, "file": "0" * 64},
            )
        )
        return {"policy_id": policy_id, "policy_draft_id": draft.id, "trial_id": trial.id}

    def own(self, account_id: int) -> dict[str, Any]:
        """What belongs to one login."""
        message = self.add(
            Message(account_id=account_id, about="behind:2026-09", subject="示例提醒", body="示例", link="/")
        )
        token = new_token()
        signed = self.add(
            LoginSession(
                account_id=account_id,
                token_hash=fingerprint(token),
                ends_at=clock.now() + timedelta(days=1),
                idle_minutes=24 * 60,
                factor_at=clock.now(),
                proved_at=clock.now(),
            )
        )
        known = self.add(
            KnownDevice(account_id=account_id, token_hash=fingerprint(new_token()), ends_at=signed.ends_at)
        )
        delivery = self.add(
            Delivery(message_id=message.id, channel="email", state="parked", next_at=clock.now())
        )
        return {
            "message_id": message.id,
            "session_id": signed.id,
            "delivery_id": delivery.id,
            "device_id": known.id,
            "token": token,
        }

    def learning(self, unit: Unit, person: Member) -> dict[str, Any]:
        """Two courses of this unit, one published with a quiz, one a draft with a draft."""
        quiz, version, question = self.quiz(unit, published=True)
        draft_quiz, draft_version, draft_question = self.quiz(unit, published=False)
        course, lesson = self.course(unit, quiz, "published")
        draft, draft_lesson = self.course(unit, draft_quiz, "draft")
        return {
            "course_id": course.id,
            "lesson_id": lesson.id,
            "draft_id": draft.id,
            "draft_lesson_id": draft_lesson.id,
            "quiz_id": quiz.id,
            "quiz_version_id": version.id,
            "question_id": question.id,
            "draft_quiz_id": draft_quiz.id,
            "draft_quiz_version_id": draft_version.id,
            "draft_question_id": draft_question.id,
        } | self.studies(person, course, lesson, quiz, version)

    def quiz(self, unit: Unit, *, published: bool) -> tuple[Quiz, QuizVersion, Question]:
        quiz = self.add(Quiz(unit_id=unit.id, title=f"示例测验{self.next()}", max_attempts=5))
        version = self.add(
            QuizVersion(quiz_id=quiz.id, number=1, published_at=clock.now() if published else None)
        )
        question = self.add(
            Question(
                quiz_version_id=version.id,
                position=1,
                kind="single",
                text="示例题目？",
                options={"a": "子", "b": "丑"},
                key=["b"],
                points=100,
            )
        )
        return quiz, version, question

    def course(self, unit: Unit, quiz: Quiz, state: str) -> tuple[Course, Lesson]:
        course = self.add(
            Course(
                unit_id=unit.id,
                title=f"示例课程{self.next()}",
                minutes=90,
                state=state,
                quiz_id=quiz.id,
                published_at=clock.now() if state == "published" else None,
            )
        )
        lesson = self.add(Lesson(course_id=course.id, position=1, title="示例第一课", body="正文"))
        return course, lesson

    def studies(
        self, person: Member, course: Course, lesson: Lesson, quiz: Quiz, version: QuizVersion
    ) -> dict[str, Any]:
        enrolment = self.add(Enrolment(course_id=course.id, member_id=person.id))
        attempt = self.add(
            Attempt(
                quiz_id=quiz.id,
                quiz_version_id=version.id,
                member_id=person.id,
                number=1,
                max_attempts=5,
                pass_mark=60,
                seed=1,
            )
        )
        return {"enrolment_id": enrolment.id, "attempt_id": attempt.id}

    def meeting(self, unit: Unit, person: Member) -> dict[str, Any]:
        event = self.add(
            Event(
                unit_id=unit.id,
                activity="theme_day",
                title="示例主题党日",
                day=DAY,
                starts_at=BEGAN,
                minutes=90,
                form_id=f"form-{self.next()}",
                form_hash="0" * 64,
            )
        )
        expected = self.add(Attendance(event_id=event.id, member_id=person.id, present=True))
        sheet = self.add(
            StoredFile(sha256=put(b"jpeg"), size=4, mime="image/jpeg", name="签到表.jpg", unit_id=unit.id)
        )
        self.session.add(EventPhoto(event_id=event.id, file_id=sheet.id, kind="sheet"))
        file = self.add(
            StoredFile(sha256=put(b"jpeg"), size=4, mime="image/jpeg", name="示例.jpg", unit_id=unit.id)
        )
        photo = self.add(EventPhoto(event_id=event.id, file_id=file.id))
        ids = {
            "event_id": event.id,
            "attendance_id": expected.id,
            "sheet_uuid": sheet.uuid,
            "file_id": file.id,
            "uuid": file.uuid,
            "photo_id": photo.id,
        }
        return ids | self.calendar(unit, person)

    def calendar(self, unit: Unit, person: Member) -> dict[str, Any]:
        """What is planned and given in a unit, and where it learns."""
        theme = self.add(
            Theme(unit_id=unit.id, activity="theme_day", title="示例主题", from_day=DAY, due_on=COMES)
        )
        series = self.add(
            EventSeries(
                unit_id=unit.id, activity="theme_day", title="示例固定党日", every="day:15", time="15:00",
                minutes=90, from_day=DAY, until_day=COMES,
            )
        )  # fmt: skip
        planned = self.add(
            Event(
                unit_id=unit.id, activity="theme_day", title="示例计划", day=COMES, state="planned",
                starts_at=clock.at(COMES, 14), minutes=90, form_id=f"form-{self.next()}", form_hash="",
            )
        )  # fmt: skip
        point = self.add(LearningPoint(unit_id=unit.id, name="示例中心户", host_id=person.id))
        return {
            "theme_id": theme.id,
            "series_id": series.id,
            "planned_id": planned.id,
            "point_id": point.id,
            "activity": "theme_day",
        }

    def classes(self, unit: Unit) -> dict[str, Any]:
        """What an academy of this unit has: who teaches where, a class that is open and one that is not."""
        teacher = self.add(Teacher(unit_id=unit.id, name="示例教师", pinyin="shili"))
        venue = self.add(Venue(unit_id=unit.id, name="示例展馆", kind="site", capacity=40, list_days=4))
        template = self.add(
            ClassTemplate(unit_id=unit.id, name="示例专题班", days=1, capacity=35, sessions=[], rule={})
        )
        ids = {"teacher_id": teacher.id, "venue_id": venue.id, "template_id": template.id, "shelf": "venues"}
        for name, state in (("class_id", "open"), ("draft_class_id", "draft")):
            number = self.next()
            row = self.add(
                TrainingClass(
                    unit_id=unit.id, year=0, number=number, title="示例专题班", starts_on=COMES,
                    ends_on=COMES, capacity=35, state=state, rule={}, form_id=f"class-{number}",
                )
            )  # fmt: skip
            ids[name] = row.id
            event = self.add(
                Event(
                    unit_id=unit.id, activity="training_class", title="示例讲授", day=COMES, state="planned",
                    starts_at=clock.at(COMES, 14), minutes=90, form_id=f"form-{number}", form_hash="",
                )
            )  # fmt: skip
            slot = ClassSession(
                class_id=row.id, event_id=event.id, mode="lecture", teacher_id=teacher.id, venue_id=venue.id
            )
            ids[name.replace("class", "slot")] = self.add(slot).id
        guest = self.add(Guest(unit_id=unit.id, name="示例外地学员", pinyin="shili"))
        place = ClassEnrolment(class_id=ids["class_id"], guest_id=guest.id, state="applied")
        listed = ClassImport(class_id=ids["class_id"], kind="tree", name="示例", state="preview")
        return ids | {
            "guest_id": guest.id, "enrolment_id": self.add(place).id, "list_id": self.add(listed).id
        }  # fmt: skip

    def certificates(self, unit: Unit, member_id: int) -> dict[str, Any]:
        """A class that is over, and the certificate its learner was given."""
        number = self.next()
        row = self.add(
            TrainingClass(
                unit_id=unit.id, year=0, number=number, title="示例专题班", starts_on=DAY, ends_on=DAY,
                capacity=35, state="closed", rule={"share": 80}, form_id=f"class-{number}", evaluated=True,
            )
        )  # fmt: skip
        enrolment = self.add(
            ClassEnrolment(class_id=row.id, member_id=member_id, state="completed", seat=True)
        )
        facts = {
            "name": "示例学员", "unit": "示例支部", "academy": unit.name, "class": "“示例专题班”",
            "term": "第1期", "from": "2026年5月8日", "until": "2026年5月8日", "credit": 400,
            "title": "结业证书", "text": "示例", "seal": "", "signer": "", "signature": "",
        }  # fmt: skip
        given = self.add(
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

    def office(self, unit: Unit, account_id: int) -> dict[str, Any]:
        job = self.add(Job(kind="示例", state="failed", owner_id=account_id, args={"unit_id": unit.id}))
        roster = self.add(
            RosterImport(
                unit_id=unit.id,
                actor_id=account_id,
                file_name="示例.xlsx",
                file_hash=f"{self.next():064x}",
                state="preview",
                job_id=job.id,
            )
        )
        self.session.add(
            RosterRow(
                import_id=roster.id,
                line=2,
                outcome="refused",
                name="示例",
                values_json="{}",
                errors_json="[]",
            )
        )
        slip = self.add(
            Slip(
                account_id=account_id,
                code_hash=f"{self.next():064x}",
                expires_at=clock.now() + timedelta(days=30),
            )
        )
        copy = self.add(
            RosterCopy(
                unit_id=unit.id,
                taken_by_id=account_id,
                reason="示例理由",
                people=1,
                due_on=date(2026, 12, 31),
            )
        )
        return {"job_id": job.id, "import_id": roster.id, "slip_id": slip.id, "copy_id": copy.id}

    def lines(self, ids: dict[str, Any]) -> dict[str, Any]:
        """A line of the ledger, and one that waits because it overlaps."""
        line = hours.Line(
            member_id=ids["member_id"],
            day=DAY,
            activity="theme_day",
            minutes=90,
            occurrence=f"event:{ids['event_id']}",
            title="示例主题党日",
            starts_at=BEGAN,
            ends_at=BEGAN + timedelta(minutes=90),
        )
        entry_id = hours.post_many(None, [line]).entry_ids[0]
        claim = self.add(
            HourClaim(
                member_id=ids["member_id"],
                unit_id=ids["unit_id"],
                state="held",
                occurrence=f"event:9{ids['event_id']}",
                title="示例重叠",
                activity="theme_day",
                channel="onsite",
                proof="B",
                day=DAY,
                starts_at=BEGAN,
                ends_at=BEGAN + timedelta(minutes=90),
                minutes=90,
                uncovered=30,
                overlaps_id=entry_id,
                made_at=clock.now(),
            )
        )
        statement = self.add(
            Statement(
                member_id=ids["member_id"],
                unit_id=ids["unit_id"],
                since=DAY,
                until=DAY,
                facts={"name": "示例", "unit": "示例", "counted": 200, "self_study": 0, "lines": 1},
                code_hash=f"{self.next():064x}",
                digest="0" * 64,
            )
        )
        return {"entry_id": entry_id, "claim_id": claim.id, "statement_id": statement.id}

    def claims(self, unit: Unit, ids: dict[str, Any]) -> dict[str, Any]:
        """A claim that waits, one that was appealed, each with a picture; and a platform."""
        found: dict[str, Any] = {"draft_claim_id": self.claim(ids["member_id"], unit, "draft").id}
        for name, state in (("waiting", "submitted"), ("appealed", "appealed")):
            claim = self.claim(ids["member_id"], unit, state)
            file = self.add(
                StoredFile(sha256=put(b"jpeg"), size=4, mime="image/jpeg", name="示例.jpg", unit_id=unit.id)
            )
            piece = self.add(Evidence(claim_id=claim.id, file_id=file.id, sha256="0" * 64))
            found |= {f"{name}_id": claim.id, f"{name}_uuid": file.uuid, f"{name}_evidence_id": piece.id}
        paper = self.add(
            StoredFile(sha256=put(b"jpeg"), size=4, mime="image/jpeg", name="台账.jpg", unit_id=unit.id)
        )
        batch = self.add(
            Takeover(
                unit_id=unit.id, kind="takeover", year=DAY.year, state="submitted", name="期初.xlsx",
                scan_id=paper.id, made_at=clock.now(),
            )
        )  # fmt: skip
        found["batch_id"] = batch.id
        platform = Platform(
            unit_id=unit.id,
            name="示例平台",
            counts_in="points",
            per_hour=30,
            year_cap=800,
            proof="C",
            mode="self",
        )
        return found | {"platform_id": self.add(platform).id}

    def claim(self, member_id: int, unit: Unit, state: str) -> HourClaim:
        return self.add(
            HourClaim(
                member_id=member_id,
                unit_id=unit.id,
                kind="paper",
                state=state,
                occurrence=f"claim:w{self.next()}",
                title="示例答卷",
                activity="distance_lesson",
                channel="paper",
                proof="C",
                day=DAY,
                minutes=90,
                uncovered=90,
                credit=200,
                proxy_limit=200,
                made_at=clock.now(),
                submitted_at=clock.now(),
            )
        )

    def visitor(
        self,
        app: Flask,
        name: str,
        home: str,
        unit: Unit,
        role: Role | None,
        stands_there: bool,
        ids: dict[str, Any],
    ) -> Visitor:
        mine: dict[str, Any] = {}
        if stands_there:
            member = self.person(name, unit)
            account_id = member.account_id or 0
            course, lesson = (self.session.get(Course, ids["course_id"]), None)
            quiz = self.session.get(Quiz, ids["quiz_id"])
            version = self.session.scalars(
                select(QuizVersion).where(QuizVersion.id == ids["quiz_version_id"])
            ).one()
            mine |= self.studies(member, course, lesson, quiz, version) | {"member_id": member.id}
            draft = self.claim(member.id, unit, "draft")
            mine |= {"draft_claim_id": draft.id} | self.certificates(unit, member.id)
        else:
            account_id = self.account(name).id
        mine |= self.own(account_id) | {"account_id": account_id}
        if role is not None:
            first, end = DAYS.get(name, (None, None))
            self.session.add(
                RoleGrant(
                    account_id=account_id,
                    unit_id=unit.id,
                    role=role,
                    valid_from=LONG_AGO if first is None else clock.today() + timedelta(days=first),
                    valid_until=None if end is None else clock.today() + timedelta(days=end),
                )
            )
        return Visitor(name, home, sign(app, mine.pop("token")), account_id, mine)


def sign(app: Flask, token: str) -> str:
    """The Cookie header of a browser that is signed in with this token."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps({'_user_id': token, '_fresh': True})}"
