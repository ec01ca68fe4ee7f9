"""What the browser may send about sheets of earlier hours."""

from flask_wtf.file import FileField, FileRequired
from wtforms import IntegerField, SelectField
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.widgets import HiddenInput

from pbtrain.core.forms import BaseForm, ProseField
from pbtrain.core.i18n import _l


class SheetForm(BaseForm):
    """A sheet for a unit. The choices are set by the view."""

    platform = SelectField(_l("What the sheet holds"), coerce=int)
    year = SelectField(_l("Hours of which year"), coerce=int)
    file = FileField(
        _l("Sheet"),
        [FileRequired(_l("Choose a file."))],
        description=_l("An .xlsx or .csv file of at most 10 MB and 20,000 rows."),
    )


class HandInForm(BaseForm):
    """A scan of the paper, or why there is none."""

    scan = FileField(_l("Scan of the paper ledger (photo or PDF)"))
    reason = ProseField(_l("Or: why there is no scan, and where the paper is kept"), [Length(max=300)])
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), NumberRange(1, 10**6)])


class DecideForm(BaseForm):
    """The word of the level above."""

    reason = ProseField(_l("Reason"), [Length(max=300)])
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), NumberRange(1, 10**6)])
