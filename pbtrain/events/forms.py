"""What the browser may send about a meeting."""

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
from wtforms.validators import UUID, InputRequired, Length, NumberRange
from wtforms.widgets import HiddenInput

from pbtrain.core.forms import BaseForm, TextField, choices
from pbtrain.core.i18n import _, _l
from pbtrain.core.storage import MAX_BYTES
from pbtrain.events import rules
from pbtrain.hours.activities import ACTIVITIES

KINDS = {key: kind.label for key, kind in ACTIVITIES.items() if kind.recorded_by_branch}
REASON_LENGTH = 300


class PeopleField(SelectMultipleField):
    """Ids that were ticked; whether they may be is the service's business."""

    def __init__(self, label: str, **options: object) -> None:
        super().__init__(label, coerce=int, choices=[], validate_choice=False, **options)


class MeetingFields:
    """What was held."""

    unit = SelectField(_l("Branch"), coerce=int)
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
                rules.SHORTEST,
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

    def offer(self, branches: list[Any]) -> None:
        """Fill in the branches and the kinds of meeting."""
        self.unit.choices = choices(tuple(row) for row in branches)
        self.activity.choices = choices((key, _(label)) for key, label in KINDS.items())
        self.place.flags.optional = True


class MeetingForm(MeetingFields, BaseForm):
    """Step 1. It changes nothing, so it travels in the address and needs no token."""

    class Meta:
        csrf = False


class RecordForm(MeetingFields, BaseForm):
    """Step 2: the meeting again, unseen, and who came."""

    form_id = HiddenField(validators=[UUID()])
    present = PeopleField(_l("Who came"))
    photos = MultipleFileField(_l("Photos"), validators=[FileSize(MAX_BYTES)])

    def offer(self, branches: list[Any]) -> None:
        """The same, and photos are optional."""
        super().offer(branches)
        self.photos.flags.optional = True


class CorrectForm(BaseForm):
    """Who really came, and why the record was wrong."""

    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), NumberRange(1, 10**6)])
    present = PeopleField(_l("Who came"))
    reason = TextField(_l("Why is it corrected"), validators=[InputRequired(), Length(2, REASON_LENGTH)])
