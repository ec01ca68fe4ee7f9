"""What the browser may send about a meeting that was held."""

from typing import Any

from flask_wtf.file import FileSize, MultipleFileField
from wtforms import (
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TimeField,
)
from wtforms.validators import UUID, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from pbtrain.core.forms import BaseForm, ProseField, TextField, choices
from pbtrain.core.i18n import _, _l
from pbtrain.core.storage import MAX_BYTES
from pbtrain.events import rules
from pbtrain.events.kinds import FORMS, Setting
from pbtrain.events.kinds import KINDS as ASKED
from pbtrain.hours.activities import ACTIVITIES, CHANNELS

KINDS = {key: ACTIVITIES[key].label for key in ASKED}
REASON_LENGTH = 300
PROSE = 20_000  # characters of an agenda or of minutes


def words(settings: dict[str, Setting]) -> dict[str, str]:
    """Each activity as it is called in a unit, in the reader's language where nobody wrote another name."""
    return {key: one.label or _(KINDS[key]) for key, one in settings.items()}


class PeopleField(SelectMultipleField):
    """Ids that were ticked; whether they may be is the service's business."""

    def __init__(self, label: str, **options: object) -> None:
        super().__init__(label, coerce=int, choices=[], validate_choice=False, **options)


class Ticks(SelectMultipleField):
    """Several boxes to tick, each one of the choices."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class MeetingFields:
    """What was held."""

    unit = SelectField(_l("Branch"), coerce=int)
    plan = IntegerField(widget=HiddenInput(), validators=[Optional(), NumberRange(1, 2**31 - 1)])
    theme = IntegerField(widget=HiddenInput(), validators=[Optional(), NumberRange(1, 2**31 - 1)])
    activity = RadioField(_l("What kind of meeting"), validators=[InputRequired()])
    title = TextField(
        _l("Subject"),
        validators=[InputRequired(), Length(2, 100, _l("Give the subject, in 2 to 100 characters."))],
    )
    day = DateField(_l("Day"), validators=[InputRequired()])
    time = TimeField(_l("Began at"), validators=[InputRequired()])
    minutes = IntegerField(
        _l("Minutes of study"),
        validators=[
            InputRequired(),
            NumberRange(
                1,
                rules.LONGEST,
                _l(
                    "The time of study is between %(least)s and %(most)s minutes.",
                    least=rules.SHORTEST,
                    most=rules.LONGEST,
                ),
            ),
        ],
    )
    place = TextField(_l("Place"), validators=[Length(max=100)])
    hosts = Ticks(_l("Held together with"), coerce=int, choices=[])

    def offer(self, branches: list[Any]) -> None:
        """Fill in the branches; what else depends on the branch comes with `offer_of`."""
        self.unit.choices = choices(tuple(row) for row in branches)
        self.activity.choices = choices((key, _(label)) for key, label in KINDS.items())
        self.place.flags.optional = True
        self.hosts.flags.optional = True

    def offer_of(self, settings: dict[str, Setting], sisters: list[Any]) -> None:
        """The kinds of meeting by their names in the branch, and with whom it may hold one."""
        named = words(settings)
        kept = [key for key, one in settings.items() if one.open or key == self.activity.data]
        self.activity.choices = choices((key, named[key]) for key in kept)
        self.hosts.choices = choices((row.id, row.name) for row in sisters)


class MeetingForm(MeetingFields, BaseForm):
    """Step 1. It changes nothing, so it travels in the address and needs no token."""

    class Meta:
        csrf = False


class RecordForm(MeetingFields, BaseForm):
    """Step 2: the meeting again, unseen, who came, and what may be added."""

    keeps_races = True  # minutes that were typed are not lost

    form_id = HiddenField(validators=[UUID()])
    present = PeopleField(_l("Who came"))
    photos = MultipleFileField(_l("Photos"), validators=[FileSize(MAX_BYTES)])
    papers = MultipleFileField(_l("Attachments"), validators=[FileSize(MAX_BYTES)])
    channel = SelectField(_l("How it reached people"))
    form = SelectField(_l("Way of study"))
    speaker = TextField(_l("Who spoke or led the reading"), validators=[Length(max=60)])
    point = SelectField(_l("Learning point"), coerce=int)
    agenda = ProseField(_l("Agenda"), validators=[Length(max=PROSE)])
    notes = ProseField(_l("Minutes of the meeting"), validators=[Length(max=PROSE)])

    DETAILS = ("channel", "form", "speaker", "point", "agenda", "notes", "papers")

    def offer(self, branches: list[Any]) -> None:
        """The same; photos and all details are optional."""
        super().offer(branches)
        self.channel.choices = choices((key, _(label)) for key, label in CHANNELS.items())
        self.form.choices = choices([("", _("none of them")), *((k, _(label)) for k, label in FORMS.items())])
        self.point.choices = choices([(0, _("none of them"))])
        for name in ("photos", "papers", "speaker", "agenda", "notes"):
            self[name].flags.optional = True

    def offer_points(self, points: list[Any]) -> None:
        """The learning points of the branch."""
        self.point.choices = choices([(0, _("none of them")), *((row.id, row.name) for row in points)])

    def usual(self, activity: str) -> None:
        """What is mostly right for this activity: its channel and form."""
        self.channel.data = ACTIVITIES[activity].channel if activity in KINDS else "onsite"
        self.form.data = ASKED[activity].form if activity in KINDS else ""
        self.point.data = 0


class CorrectForm(BaseForm):
    """Who really came, and why the record was wrong."""

    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), NumberRange(1, 10**6)])
    present = PeopleField(_l("Who came"))
    reason = TextField(_l("Why is it corrected"), validators=[InputRequired(), Length(2, REASON_LENGTH)])
