"""What a browser may send about a roster."""

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, SelectField
from wtforms.validators import AnyOf

from pbtrain.core.forms import BaseForm, TextField
from pbtrain.core.i18n import _l


class UploadForm(BaseForm):
    """A roster for a unit. The choices of `unit_id` are set by the view."""

    unit_id = SelectField(_l("For which unit"), coerce=int)
    file = FileField(
        _l("Roster file"),
        [FileRequired(_l("Choose a file."))],
        description=_l("An .xlsx or .csv file of at most 20 MB and 50,000 rows."),
    )
    again = BooleanField(_l("Read it again, even if this very file was imported before"))


class ConfirmForm(BaseForm):
    """How to write a preview."""

    mode = TextField(validators=[AnyOf(["all_or_nothing", "good_rows"])])
    transfers = BooleanField()
