"""What the browser may send about roles and slips of logins."""

from typing import Any

from wtforms import DateField, HiddenField, IntegerField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import HiddenInput

from pbtrain.core.forms import BaseForm, TextField
from pbtrain.core.i18n import _l
from pbtrain.org.forms.common import UNIT_HELP, labels
from pbtrain.org.roles import MAY, Role

BY_OTHER_WAYS = (Role.MEMBER, Role.BRANCH_SECRETARY)  # by the roster; by a post, or acting with an end


class GrantForm(BaseForm):
    role = SelectField(_l("Role"))
    unit_id = TextField(_l("Unit"), [InputRequired(), Length(max=100)], description=UNIT_HELP)
    valid_until = DateField(
        _l("First day after"), [Optional()], description=_l("Empty: until further notice.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = labels({role: row for role, row in MAY.items() if role not in BY_OTHER_WAYS})


class SlipForm(BaseForm):
    """`seen` is the newest slip when the page was opened."""

    seen = IntegerField(widget=HiddenInput(), validators=[Optional(), NumberRange(0, 2**63 - 1)])


class SlipsForm(SlipForm):
    account_id = SelectMultipleField(_l("Who"), coerce=int)
    everyone = HiddenField(_l("Everyone"))
