"""What the browser may send to move, merge and split units. What is ticked is read by picking.py."""

from typing import Any

from wtforms import RadioField
from wtforms.validators import InputRequired, Length, Optional

from pbtrain.core.forms import BaseForm, ProseField, TextField, choices
from pbtrain.core.i18n import _, _l
from pbtrain.org.forms.common import CODE
from pbtrain.org.forms.units import LONGEST
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.unit_rules import TURNS


class SplitForm(BaseForm):
    names = ProseField(
        _l("Names of the new units, one on each line"),
        [InputRequired(), Length(max=LONGEST)],
        description=_l("Without the old one, which stays. A code may follow behind a comma. At most 20."),
    )


class MergeForm(BaseForm):
    into = TextField(_l("Which one stays"), [Optional(), Length(max=20)])  # an id, or "new"
    name = TextField(_l("Name of the new unit"), [Optional(), Length(max=100)])


class TurnForm(BaseForm):
    """What kind a unit becomes, and the branch below it that takes its members over."""

    kind = RadioField(_l("What it becomes"), [InputRequired()])
    name = TextField(_l("Name of the new branch"), [Optional(), Length(max=100)])
    code = TextField(
        _l("Code of the unit"), [Optional(), Length(max=32), CODE], description=_l("Empty: we make one.")
    )

    def __init__(self, was: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = choices((kind, _(UNIT_KINDS[kind].label)) for kind in TURNS.get(was, ()))
