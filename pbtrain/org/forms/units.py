"""What the browser may send about a unit, many units at once, and the day a tree is looked at."""

from typing import Any

from wtforms import DateField, SelectField
from wtforms.validators import InputRequired, Length, Optional

from pbtrain.core.forms import BaseForm, ProseField, TextField, VersionedForm
from pbtrain.core.i18n import _l
from pbtrain.org.forms.common import CODE, UNIT_HELP, labels
from pbtrain.org.kinds import FIELDS, UNIT_KINDS

ENDS_HELP = _l("Only for a temporary branch. On that day it ends by itself.")
LONGEST = 40_000  # characters of names: 300 of them


def split_lines(text: str) -> list[tuple[str, str]]:
    """(name, code or "") of each line; the code stands behind a comma, a semicolon or a tab."""
    found = []
    for line in text.splitlines():
        for mark in ("，", "；", ";", "\t"):
            line = line.replace(mark, ",")
        name, _, code = (part.strip() for part in line.partition(","))
        if name:
            found.append((name, code))
    return found


class KindForm(BaseForm):
    kind = SelectField(_l("Kind"))


class UnitForm(BaseForm):
    name = TextField(_l("Name of the unit"), [InputRequired(), Length(max=100)])
    code = TextField(
        _l("Code of the unit"), [Optional(), Length(max=32), CODE], description=_l("Empty: we make one.")
    )
    field = SelectField(_l("Field"), validators=[Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.field.choices = labels(FIELDS, none=True)


class NewUnitForm(UnitForm, KindForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = labels(UNIT_KINDS)


class MoveForm(BaseForm):
    parent_id = TextField(_l("Unit above"), [InputRequired(), Length(max=100)], description=UNIT_HELP)


class EndingUnitForm(UnitForm, VersionedForm):
    """A unit as it is changed; `version` is that of unit_rules.version_of."""

    ends_on = DateField(_l("First day without it"), [Optional()], description=ENDS_HELP)


class EndingNewUnitForm(NewUnitForm):
    ends_on = DateField(_l("First day without it"), [Optional()], description=ENDS_HELP)


class NewUnitsForm(BaseForm):
    names = ProseField(
        _l("Names, one on each line"),
        [InputRequired(), Length(max=LONGEST)],
        description=_l("A code may follow behind a comma. At most 300 lines."),
    )
    kind = SelectField(_l("Kind"), default="branch")
    field = SelectField(_l("Field"), validators=[Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = labels({key: row for key, row in UNIT_KINDS.items() if key != "academy"})
        self.field.choices = labels(FIELDS, none=True)

    def named(self) -> list[tuple[str, str]]:
        """(name, code) of each line."""
        return split_lines(self.names.data or "")


class DayForm(BaseForm):
    """The day a tree is looked at; sent by GET, changes nothing."""

    on = DateField(_l("Day"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on.flags.optional = False  # without a day it is today: nothing to say at the field
