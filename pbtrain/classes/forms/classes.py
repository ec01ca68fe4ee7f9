"""What the browser may send about a class, its days and its units."""

from collections.abc import Iterable
from datetime import date, time
from typing import Any
from uuid import uuid4

from wtforms import BooleanField, DateField, HiddenField, IntegerField, SelectField, TimeField
from wtforms.validators import UUID, InputRequired, Length, NumberRange, Optional

from pbtrain.classes import kinds
from pbtrain.classes.rules.catalogue import MOST_SEATS
from pbtrain.classes.rules.timetable import LONGEST, SHORTEST
from pbtrain.classes.services.classes import Wanted
from pbtrain.classes.services.timetable import Unit
from pbtrain.core import clock
from pbtrain.core.forms import BaseForm, ProseField, TextField, VersionedForm, choices
from pbtrain.core.i18n import _, _l


class OnceForm(VersionedForm):
    """A form that makes one thing, however often it is sent."""

    form_id = HiddenField(validators=[InputRequired(), UUID()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_submitted():
            self.form_id.data = str(uuid4())


class NewClassForm(OnceForm):
    unit_id = SelectField(_l("Academy"), coerce=int)
    template_id = SelectField(
        _l("From the catalogue"),
        coerce=int,
        description=_l("Its timetable, seats and text come along and can be changed afterwards."),
    )
    title = TextField(
        _l("Name of the class"),
        validators=[Optional(), Length(max=100)],
        description=_l("Empty: as in the catalogue."),
    )
    starts_on = DateField(_l("The class begins on"), validators=[InputRequired()])
    ends_on = DateField(
        _l("The class ends on"),
        validators=[Optional()],
        description=_l("Empty: as long as the catalogue says."),
    )
    capacity = IntegerField(
        _l("Seats"),
        validators=[Optional(), NumberRange(min=1, max=MOST_SEATS)],
        description=_l("Empty: as in the catalogue, else 35."),
    )
    number = IntegerField(
        _l("Number of the term"),
        validators=[Optional(), NumberRange(min=1, max=99_999)],
        description=_l("Empty: the next one."),
    )
    by_year = BooleanField(_l("Terms are numbered anew each year"))

    def wanted(self, template: Any) -> Wanted:
        """The class as it is asked for."""
        first: date = self.starts_on.data
        more: dict[str, Any] = {
            "number": self.number.data,
            "year": first.year if self.by_year.data else 0,
        }
        if self.title.data:
            more["title"] = self.title.data
        if self.ends_on.data:
            more["ends_on"] = self.ends_on.data
        if self.capacity.data:
            more["capacity"] = self.capacity.data
        if template is not None:
            return Wanted.of_template(template, first, **more)
        plain = {"title": "", "ends_on": first, "capacity": 35, "rule": {"share": 80}}
        return Wanted(starts_on=first, **plain | more)

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        good = super().validate(*args, **kwargs)
        if good and not self.template_id.data and not self.title.data:
            self.title.errors = [_("Give it a name, or choose a template.")]
            return False
        return good


class ClassForm(VersionedForm):
    title = TextField(_l("Name of the class"), validators=[InputRequired(), Length(max=100)])
    capacity = IntegerField(_l("Seats"), validators=[InputRequired(), NumberRange(min=1, max=MOST_SEATS)])
    ends_on = DateField(
        _l("The class ends on"),
        validators=[InputRequired()],
        description=_l("The first day is changed by moving the whole class."),
    )
    audience = SelectField(_l("Audience"))
    language = SelectField(_l("Language"))
    enrol_until = DateField(_l("Enrolment until"), validators=[Optional()])
    answer_days = IntegerField(
        _l("Days to accept an offered seat"), validators=[InputRequired(), NumberRange(min=1, max=30)]
    )
    party_branch = TextField(_l("Branch of the class"), validators=[Optional(), Length(max=100)])
    branch_leader = TextField(_l("Its secretary"), validators=[Optional(), Length(max=60)])
    contact = TextField(_l("Whom to ask"), validators=[Optional(), Length(max=100)])
    share = IntegerField(
        _l("Attendance for the certificate, in percent"),
        validators=[InputRequired(), NumberRange(min=0, max=100)],
    )
    quiz_id = SelectField(
        _l("Exam for the certificate"),
        coerce=int,
        description=_l("A quiz of a course of this academy; learners sit it there."),
    )
    body = ProseField(_l("What it is about"), validators=[Optional(), Length(max=5000)])
    body_mn = ProseField(_l("The same in Mongolian"), validators=[Optional(), Length(max=5000)])
    notice = ProseField(
        _l("Notice sheet"),
        validators=[Optional(), Length(max=5000)],
        description=_l("When and where to come, what to bring. It is printed on the notice and the joining "
                       "card."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.audience.choices = choices((key, _(label)) for key, label in kinds.AUDIENCES.items())
        self.language.choices = choices((key, _(label)) for key, label in kinds.LANGUAGES.items())
        row = kwargs.get("obj")
        self.rule = dict(row.rule) if row is not None else {}
        if row is not None and not self.is_submitted():
            self.share.data = row.rule.get("share", 0)
            self.quiz_id.data = row.quiz_id or 0

    def offer(self, exams: Iterable[Any]) -> None:
        """The quizzes that can be asked for, as (id, title)."""
        self.quiz_id.choices = choices([(0, _("no exam")), *(tuple(row) for row in exams)])

    def values(self) -> dict[str, Any]:
        """Columns of a class."""
        found = super().values()
        share = found.pop("share")
        prose = ("party_branch", "branch_leader", "contact", "body", "body_mn", "notice")
        exam = found["quiz_id"] or None
        rule = self.rule | {"share": share, "exam": exam is not None}
        return found | {name: found[name] or "" for name in prose} | {"rule": rule, "quiz_id": exam}


class MoveForm(VersionedForm):
    to_day = DateField(_l("New first day"), validators=[InputRequired()])
    reason = TextField(
        _l("Reason"),
        validators=[Length(max=300)],
        description=_l("Everybody who holds or waits for a seat reads it."),
    )


class UnitForm(VersionedForm):
    """A unit of a timetable; `form_id` when it is a new one."""

    form_id = HiddenField(validators=[Optional(), UUID()])
    title = TextField(_l("Subject"), validators=[InputRequired(), Length(max=100)])
    day = DateField(_l("Day"), validators=[InputRequired()])
    time = TimeField(_l("Begins at"), validators=[InputRequired()])
    minutes = IntegerField(
        _l("Minutes"), validators=[InputRequired(), NumberRange(min=SHORTEST, max=LONGEST)], default=180
    )
    mode = SelectField(_l("Way of teaching"))
    teacher_id = SelectField(_l("Teacher"), coerce=int)
    venue_id = SelectField(_l("Venue"), coerce=int)
    speaker = TextField(
        _l("Who teaches, if not on the list of teachers"), validators=[Optional(), Length(max=60)]
    )
    place = TextField(_l("Place, if not on the list of venues"), validators=[Optional(), Length(max=100)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mode.choices = choices((key, _(mode.label)) for key, mode in kinds.MODES.items())

    def offer(self, teachers: list[Any], venues: list[Any]) -> None:
        """Whom and where the academy has."""
        nobody, nowhere = _("no teacher yet"), _("no venue yet")
        self.teacher_id.choices = [(0, nobody), *((row.id, row.name) for row in teachers)]
        self.venue_id.choices = [(0, nowhere), *((row.id, row.name) for row in venues)]

    def wanted(self) -> Unit:
        """The unit as it is asked for."""
        begins: time = self.time.data
        return Unit(
            title=self.title.data or "",
            starts_at=clock.at(self.day.data, begins.hour, begins.minute),
            minutes=self.minutes.data,
            mode=self.mode.data,
            teacher_id=self.teacher_id.data or None,
            venue_id=self.venue_id.data or None,
            place=self.place.data or "",
            speaker=self.speaker.data or "",
        )


class TimeForm(BaseForm):
    """The same unit at another time, from the version it was read in."""

    version = IntegerField(validators=[InputRequired(), NumberRange(1, 10**6)])
    day = DateField(validators=[InputRequired()])
    time = TimeField(validators=[InputRequired()])
