"""What the browser may send about units, members, posts and roles."""

from typing import Any

from wtforms import DateField, HiddenField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from pbtrain.core.forms import BaseForm, TextField, choices
from pbtrain.core.i18n import _, _l
from pbtrain.org.kinds import FIELDS, POSTS, STAGES, UNIT_KINDS
from pbtrain.org.roles import MAY, Role

CODE = Regexp(r"^[\w-]*$", message=_l("Use letters, digits and dashes only."))
PHONE = Regexp(r"^1\d{10}$", message=_l("A mobile number has 11 digits and begins with 1."))
UNIT_HELP = _l("Its name or its code.")


def labels(table: dict[Any, Any], *, none: bool = False) -> list[Any]:
    """Choices from one of the tables of kinds, in the reader's language."""
    pairs = [(str(key), _(getattr(row, "label", row))) for key, row in table.items()]
    return choices(([("", _("Not stated"))] if none else []) + pairs)


class KindForm(BaseForm):
    kind = SelectField(_l("Kind"))


class UnitForm(BaseForm):
    name = TextField(_l("Name of the unit"), [InputRequired(), Length(max=100)])
    code = TextField(_l("Code"), [Optional(), Length(max=32), CODE], description=_l("Empty: we make one."))
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


class ConfirmForm(BaseForm):
    """A button behind a plain statement of what it does."""


class MemberForm(BaseForm):
    name = TextField(_l("Name"), [InputRequired(), Length(max=60)])
    sex = SelectField(_l("Sex"), validators=[Optional()])
    born_on = DateField(_l("Born on"), [Optional()])
    stage = SelectField(_l("Stage"))
    joined_on = DateField(_l("Joined the Party on"), [Optional()])
    phone = TextField(_l("Mobile number"), [Optional(), PHONE])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sex.choices = choices([("", _("Not stated")), ("M", _("Male")), ("F", _("Female"))])
        self.stage.choices = labels(STAGES)

    def facts(self) -> dict[str, Any]:
        """The columns of a member; an empty phone number is none."""
        return self.values() | {"phone": self.phone.data or None, "sex": self.sex.data or ""}


class NewMemberForm(MemberForm):
    since = DateField(_l("In this branch since"), [InputRequired()])


class TransferForm(BaseForm):
    unit_id = TextField(
        _l("New branch"), [InputRequired(), Length(max=100)], id="transfer_unit_id", description=UNIT_HELP
    )
    on = DateField(_l("From"), [InputRequired()], id="transfer_on")


class PostForm(BaseForm):
    unit_id = SelectField(_l("Unit"), id="post_unit_id", coerce=int)
    kind = SelectField(_l("Post"), id="post_kind")
    valid_from = DateField(_l("First day"), [InputRequired()], id="post_valid_from")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = labels(POSTS)


class CareForm(BaseForm):
    valid_from = DateField(_l("First day"), [InputRequired()], id="care_valid_from")
    valid_until = DateField(
        _l("First day after"), [Optional()], description=_l("Empty: until further notice.")
    )
    reason = TextField(_l("Reason"), [Optional(), Length(max=200)], id="care_reason")


class LeaveForm(BaseForm):
    on = DateField(_l("First day away"), [InputRequired()], id="leave_on")


class GrantForm(BaseForm):
    role = SelectField(_l("Role"))
    unit_id = TextField(_l("Unit"), [InputRequired(), Length(max=100)], description=UNIT_HELP)
    valid_until = DateField(
        _l("First day after"), [Optional()], description=_l("Empty: until further notice.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = labels({role: row for role, row in MAY.items() if role is not Role.MEMBER})


class SlipsForm(BaseForm):
    account_id = SelectMultipleField(_l("Who"), coerce=int)
    everyone = HiddenField(_l("Everyone"))
