"""What the browser may send about sign-offs, closed years and statements."""

from wtforms import DateField, HiddenField, IntegerField, SelectField
from wtforms.validators import InputRequired, Length, NumberRange

from pbtrain.core.forms import BaseForm, ProseField, TextField, choices
from pbtrain.core.i18n import _, _l
from pbtrain.hours.activities import EARNING


class SignForm(BaseForm):
    """`seen`: how many lines the book had on the page that is being signed."""

    month = IntegerField(validators=[InputRequired(), NumberRange(1, 12)], widget=HiddenField.widget)
    seen = IntegerField(validators=[InputRequired(), NumberRange(0)], widget=HiddenField.widget)


class CorrectionForm(BaseForm):
    """A line that a closed year lacks."""

    title = TextField(_l("What was studied"), [InputRequired(_l("Say what it was.")), Length(max=200)])
    activity = SelectField(
        _l("Form"), choices=lambda: choices((key, _(one.label)) for key, one in EARNING.items())
    )
    day = DateField(_l("Day"), [InputRequired(_l("Give the day."))])
    minutes = IntegerField(_l("Minutes"), [InputRequired(_l("How many minutes?")), NumberRange(1, 1440)])
    reason = ProseField(_l("Why"), [InputRequired(_l("Say why, in a few words.")), Length(max=300)])


class StatementForm(BaseForm):
    """The days a statement covers, both included."""

    since = DateField(_l("First day"), [InputRequired(_l("Give the day."))])
    until = DateField(_l("Last day"), [InputRequired(_l("Give the day."))])
