"""What the browser may send to plan: a meeting, a fixed day, a year, a theme, an activity, a point."""

from datetime import date
from typing import Any

from flask_wtf.file import FileSize, MultipleFileField
from wtforms import BooleanField, DateField, HiddenField, IntegerField, SelectField, TimeField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import HiddenInput

from pbtrain.core.forms import BaseForm, ProseField, TextField, choices
from pbtrain.core.i18n import N_, _, _l
from pbtrain.core.storage import MAX_BYTES
from pbtrain.events import rules
from pbtrain.events.activities import LABEL_LENGTH, MOST_TIMES
from pbtrain.events.forms.meetings import PROSE, REASON_LENGTH, Ticks, words
from pbtrain.events.kinds import FORMS, PHASES, Setting
from pbtrain.hours.activities import ACTIVITIES

VERSION = NumberRange(0, 2**31 - 1)
NTH = {1: N_("first"), 2: N_("second"), 3: N_("third"), 4: N_("fourth"), 5: N_("last")}
DAYS = {1: N_("Mon"), 2: N_("Tue"), 3: N_("Wed"), 4: N_("Thu"), 5: N_("Fri"), 6: N_("Sat"), 7: N_("Sun")}


def every_day() -> list[tuple[str, str]]:
    """The days a month can have a fixed day on, with their names."""
    days = [(f"day:{number}", _("on the %(day)s. of the month", day=number)) for number in range(1, 32)]
    weekdays = [
        (f"nth:{nth}:{number}", _("on the %(nth)s %(weekday)s of the month", nth=_(what), weekday=_(name)))
        for number, name in DAYS.items()
        for nth, what in NTH.items()
    ]
    return days + weekdays


def _minutes() -> IntegerField:
    return IntegerField(_l("Minutes of study"), validators=[InputRequired(), NumberRange(1, rules.LONGEST)])


class _When(BaseForm):
    """When and where."""

    time = TimeField(_l("Begins at"), validators=[InputRequired()])
    minutes = _minutes()
    place = TextField(_l("Place"), validators=[Length(max=100)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.place.flags.optional = True


class PlanForm(_When):
    """One planned meeting."""

    activity = SelectField(_l("What kind of meeting"))
    title = TextField(_l("Subject"), validators=[InputRequired(), Length(2, 100)])
    day = DateField(_l("Day"), validators=[InputRequired()])
    theme = IntegerField(widget=HiddenInput(), validators=[Optional(), VERSION])
    hosts = Ticks(_l("Held together with"), coerce=int, choices=[])

    def offer(self, settings: dict[str, Setting], sisters: list[Any]) -> None:
        """The kinds of the branch, and with whom it may hold one."""
        named = words(settings)
        self.activity.choices = choices((key, named[key]) for key, one in settings.items() if one.open)
        self.hosts.choices = choices((row.id, row.name) for row in sisters)
        self.hosts.flags.optional = True


class SeriesForm(_When):
    """A fixed day."""

    activity = SelectField(_l("What kind of meeting"))
    title = TextField(_l("Subject"), validators=[InputRequired(), Length(2, 90)])
    every = SelectField(_l("Each month"))
    since = DateField(_l("From"), validators=[InputRequired()])
    until = DateField(_l("Until"), validators=[InputRequired()])

    def offer(self, settings: dict[str, Setting]) -> None:
        """The kinds of the branch and the days of a month."""
        named = words(settings)
        self.activity.choices = choices((key, named[key]) for key, one in settings.items() if one.open)
        self.every.choices = choices(every_day())


class YearForm(_When):
    """A year plan: near which day of each month, and which of the activities asked for."""

    every = SelectField(_l("Near this day of each month"))
    kinds = Ticks(_l("What to plan"), choices=[])

    def offer(self, settings: dict[str, Setting]) -> None:
        """What is asked for, and the days of a month."""
        named = words(settings)
        asked = [(key, one.per_year) for key, one in settings.items() if one.open and one.per_year]
        self.kinds.choices = choices(
            (key, _("%(activity)s, %(times)s a year", activity=named[key], times=times))
            for key, times in asked
        )
        self.every.choices = choices(every_day())
        if self.kinds.data is None:
            self.kinds.data = [key for key, _times in asked]


class MoveForm(_When):
    """A planned meeting on another day."""

    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), VERSION])
    day = DateField(_l("Day"), validators=[InputRequired()])
    reason = TextField(_l("Why"), validators=[Length(max=REASON_LENGTH)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reason.flags.optional = True


class ThemeForm(BaseForm):
    """A theme for every branch below."""

    activity = SelectField(_l("Held as"))
    title = TextField(_l("Theme"), validators=[InputRequired(), Length(2, 100)])
    body = ProseField(_l("What it is about and what to prepare"), validators=[Length(max=PROSE)])
    from_day = DateField(_l("From"), validators=[InputRequired()])
    due_on = DateField(_l("Held at the latest on"), validators=[InputRequired()])

    def offer(self, settings: dict[str, Setting], today: date) -> None:
        """The kinds as the unit calls them; from today to the end of the month unless said otherwise."""
        named = words(settings)
        self.activity.choices = choices((key, named[key]) for key, one in settings.items() if one.open)
        self.body.flags.optional = True
        if not self.is_submitted():
            self.from_day.data = today


class ActivityForm(BaseForm):
    """How a unit calls an activity and how often it asks for it."""

    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), VERSION])
    label = TextField(_l("Name"), validators=[Length(max=LABEL_LENGTH)])
    per_year = IntegerField(_l("How often a year"), validators=[Optional(), NumberRange(0, MOST_TIMES)])
    before = ProseField(_l("Before"), validators=[Length(max=2000)])
    during = ProseField(_l("During"), validators=[Length(max=2000)])
    after = ProseField(_l("After"), validators=[Length(max=2000)])
    open = BooleanField(_l("Branches may choose it"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("label", "per_year", *PHASES):
            self[name].flags.optional = True

    def steps(self) -> dict[str, list[str]]:
        """The lines of each phase, empty ones left out."""
        return {
            phase: [line.strip() for line in (self[phase].data or "").splitlines() if line.strip()]
            for phase in PHASES
        }


class AmendForm(BaseForm):
    """What the record of a meeting should say, and why."""

    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), VERSION])
    title = TextField(_l("Subject"), validators=[InputRequired(), Length(2, 100)])
    place = TextField(_l("Place"), validators=[Length(max=100)])
    speaker = TextField(_l("Who spoke or led the reading"), validators=[Length(max=60)])
    form = SelectField(_l("Way of study"))
    agenda = ProseField(_l("Agenda"), validators=[Length(max=PROSE)])
    notes = ProseField(_l("Minutes of the meeting"), validators=[Length(max=PROSE)])
    reason = TextField(_l("Why is it amended"), validators=[InputRequired(), Length(2, REASON_LENGTH)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form.choices = choices([("", _("none of them")), *((k, _(label)) for k, label in FORMS.items())])
        for name in ("place", "speaker", "agenda", "notes"):
            self[name].flags.optional = True


class AttachForm(BaseForm):
    """Photos and papers that belong to a record and came later, and why."""

    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), VERSION])
    photos = MultipleFileField(_l("Photos"), validators=[FileSize(MAX_BYTES)])
    papers = MultipleFileField(_l("Attachments"), validators=[FileSize(MAX_BYTES)])
    reason = TextField(_l("Why they come later"), validators=[InputRequired(), Length(2, REASON_LENGTH)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.photos.flags.optional = self.papers.flags.optional = True


class DetachForm(BaseForm):
    """A photo or paper that was added by mistake, and why it goes."""

    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), VERSION])
    reason = TextField(_l("Why it goes"), validators=[InputRequired(), Length(2, REASON_LENGTH)])


class StepForm(BaseForm):
    """The button beside a step of a meeting."""

    phase = HiddenField(validators=[AnyOf(tuple(PHASES))])
    place = IntegerField(widget=HiddenInput(), validators=[InputRequired(), NumberRange(0, 100)])
    done = HiddenField(validators=[AnyOf(("0", "1"))])


class PointForm(BaseForm):
    """A learning point."""

    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), VERSION])
    name = TextField(_l("Name"), validators=[InputRequired(), Length(2, 60)])
    host = SelectField(_l("Host"), coerce=int)
    place = TextField(_l("Place"), validators=[Length(max=100)])
    open = BooleanField(_l("In use"))

    def offer(self, members: list[Any]) -> None:
        """The members of the branch, one of whom is the host."""
        self.host.choices = choices([(0, _("not named")), *((row.id, row.name) for row in members)])
        self.place.flags.optional = True


def shipped(activity: str) -> str:
    """What an activity is called where nobody wrote another name."""
    return _(ACTIVITIES[activity].label)
