"""What the browser may send about quotas: a unit and its seats per row, and the seats for guests."""

from wtforms import FieldList, Form, FormField, IntegerField
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import HiddenInput

from pbtrain.core.forms import BaseForm, TextField
from pbtrain.core.i18n import _l

ROWS = 40


class QuotaRow(Form):
    """A unit by name or code, and its seats; an empty name takes the row away."""

    unit = TextField(_l("Unit"), [Length(max=100)])
    seats = IntegerField(_l("Seats"), [Optional(), NumberRange(0, 5_000)])


class QuotasForm(BaseForm):
    """The quotas of a class as they shall be."""

    rows = FieldList(FormField(QuotaRow), max_entries=ROWS)
    guests = IntegerField(
        _l("Seats for guests from outside"), [Optional(), NumberRange(0, 5_000)],
        description=_l("Leave empty if guests share what no unit reserves."),
    )  # fmt: skip
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), NumberRange(1, 10**6)])
