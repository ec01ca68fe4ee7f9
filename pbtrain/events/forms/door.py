"""What the browser may send at the door."""

from flask_wtf.file import FileSize, MultipleFileField
from wtforms import BooleanField, HiddenField, IntegerField, RadioField, TimeField
from wtforms.validators import UUID, AnyOf, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import HiddenInput

from pbtrain.core.forms import BaseForm, TextField, choices
from pbtrain.core.i18n import _, _l
from pbtrain.core.storage import MAX_BYTES
from pbtrain.events.door import rules
from pbtrain.events.forms.meetings import REASON_LENGTH, PeopleField


class TickForm(BaseForm):
    """One tap of the chair beside a name."""

    row = IntegerField(widget=HiddenInput(), validators=[InputRequired(), NumberRange(1, 2**31 - 1)])
    act = HiddenField(validators=[AnyOf(tuple(rules.ACTS))])
    was = HiddenField(validators=[AnyOf(tuple(rules.STANDINGS))])
    record_id = HiddenField(validators=[UUID()])


class AddForm(BaseForm):
    """The button beside a name that is not on the list."""

    member = IntegerField(widget=HiddenInput(), validators=[InputRequired(), NumberRange(1, 2**31 - 1)])


class PersonForm(BaseForm):
    """How long one person was there."""

    closed = False  # is it a correction?
    standing = RadioField(_l("What is true"), validators=[InputRequired()])
    came = TimeField(_l("Came at"), validators=[Optional()])
    left = TimeField(_l("Left at"), validators=[Optional()])
    reason = TextField(_l("Reason"), validators=[Length(max=REASON_LENGTH)])
    was = HiddenField(validators=[AnyOf(tuple(rules.STANDINGS))])
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), NumberRange(1, 10**6)])
    record_id = HiddenField(validators=[UUID()])

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.standing.choices = choices(
            (key, _(rules.AFTERWARDS[key])) for key in ("in", "late", "early", "both", "leave", "absent")
        )


class CloseForm(BaseForm):
    """The list is final."""

    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), NumberRange(1, 10**6)])
    witnessed = BooleanField(_l("I was there and saw these people"))
    ended_early = BooleanField(_l("It has ended sooner than planned"))


class CheckInForm(BaseForm):
    """The one button on a phone."""

    ticket = HiddenField(validators=[Length(max=40)])
    out = HiddenField(validators=[AnyOf(("", "1"))])


class SheetForm(BaseForm):
    """A photographed page and who has signed on it."""

    record_id = HiddenField(validators=[UUID()])
    photos = MultipleFileField(_l("Photo of the sheet"), validators=[FileSize(MAX_BYTES)])
    present = PeopleField(_l("Who has signed"))
