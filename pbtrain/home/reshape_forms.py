"""What the browser may send to move, merge and split units. What is ticked is read by picking.py."""

from wtforms.validators import InputRequired, Length, Optional

from pbtrain.core.forms import BaseForm, ProseField, TextField
from pbtrain.core.i18n import _l
from pbtrain.org.unit_forms import LONGEST


class SplitForm(BaseForm):
    names = ProseField(
        _l("Names of the new units, one on each line"),
        [InputRequired(), Length(max=LONGEST)],
        description=_l("Without the old one, which stays. A code may follow behind a comma. At most 20."),
    )


class MergeForm(BaseForm):
    into = TextField(_l("Which one stays"), [Optional(), Length(max=20)])  # an id, or "new"
    name = TextField(_l("Name of the new unit"), [Optional(), Length(max=100)])
