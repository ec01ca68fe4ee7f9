"""What the browser may send about one member: the facts, the branch, posts, care, statuses, what is wrong."""

from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
)
from wtforms.validators import (
    DataRequired,
    InputRequired,
    Length,
    Optional,
    ValidationError,
)

from pbtrain.core.errors import RuleError
from pbtrain.core.forms import BaseForm, ProseField, TextField, choices
from pbtrain.core.i18n import _, _l, say
from pbtrain.org.data_reports import ANSWERS
from pbtrain.org.forms.common import UNIT_HELP, labels
from pbtrain.org.kinds import (
    CATEGORIES,
    FLOWS,
    LEAVINGS,
    POSTS,
    REPORTABLE,
    STAGES,
    STATUSES,
)
from pbtrain.org.members import WIDE
from pbtrain.org.numbers import read_mobile
from pbtrain.org.personal import LONGEST_REASON

WORDS = ("sex", "category", "flow", "flow_place")  # empty ones are stored as ""


class MemberForm(BaseForm):
    """What is recorded of a member. Stored numbers are not sent to the browser: left empty they stay."""

    keeps_races = True  # both versions are shown

    name = TextField(_l("Name"), [InputRequired(), Length(max=60)])
    sex = SelectField(_l("Sex"), validators=[Optional()])
    born_on = DateField(_l("Born on"), [Optional()])
    stage = SelectField(_l("Stage"))
    joined_on = DateField(_l("Joined the Party on"), [Optional()])
    category = SelectField(_l("Occupation"), validators=[Optional()])
    phone = TextField(_l("Mobile number"), [Optional(), Length(max=40)])
    drop_phone = BooleanField(_l("Remove the mobile number"))
    id_number = TextField(_l("ID number"), [Optional(), Length(max=40)])
    drop_id_number = BooleanField(_l("Remove the ID number"))
    flow = SelectField(_l("Flow of members"), validators=[Optional()])
    flow_place = TextField(_l("Where from or to"), [Optional(), Length(max=100)])
    version = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sexes = choices([("", _("Not stated")), ("M", _("Male")), ("F", _("Female"))])
        offered = {
            "sex": sexes,
            "stage": labels(STAGES),
            "category": labels(CATEGORIES, none=True),
            "flow": labels(FLOWS, none=True),
        }
        for name in offered.keys() & self._fields.keys():
            self[name].choices = offered[name]

    def validate_phone(self, field: Any) -> None:
        """By the rule of the roster's sheet; spaces, hyphens and +86 are left out here too."""
        try:
            field.data = read_mobile(field.data)
        except RuleError as error:
            raise ValidationError(say(error)) from None

    def facts(self) -> dict[str, Any]:
        """What is to change, as `members.change_member` takes it."""
        found: dict[str, Any] = {name: self[name].data for name in WIDE if name in self and name != "phone"}
        found |= {name: found[name] or "" for name in WORDS if name in found}
        for name, none in (("phone", None), ("id_number", "")):
            drop = f"drop_{name}"
            if drop in self and self[drop].data:
                found[name] = none
            elif name in self and self[name].data:
                found[name] = self[name].data
        return found


class ContactForm(MemberForm):
    """The part of it that the branch itself knows best."""

    name = sex = born_on = stage = joined_on = category = None  # type: ignore[assignment]
    id_number = drop_id_number = None  # type: ignore[assignment]


class NewMemberForm(MemberForm):
    drop_phone = drop_id_number = version = None  # type: ignore[assignment]
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
    valid_until = DateField(
        _l("First day after the term"),
        [Optional()],
        id="post_valid_until",
        description=_l("Empty: no end is known."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = labels(POSTS)


class CareForm(BaseForm):
    valid_from = DateField(_l("First day"), [InputRequired()], id="care_valid_from")
    valid_until = DateField(
        _l("First day after"), [Optional()], description=_l("Empty: until further notice.")
    )
    reason = TextField(_l("Reason"), [Optional(), Length(max=200)], id="care_reason")


class StatusForm(BaseForm):
    kind = SelectField(_l("Rank, suspension or stay abroad"), id="status_kind")
    valid_from = DateField(_l("First day"), [InputRequired()], id="status_valid_from")
    valid_until = DateField(
        _l("First day after"),
        [Optional()],
        id="status_valid_until",
        description=_l("Empty: until further notice."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = labels(STATUSES)


class CareReasonForm(BaseForm):
    """A reason that takes the place of the one before, which the form does not show."""

    reason = TextField(_l("Reason"), [DataRequired(), Length(max=200)])


class LeaveForm(BaseForm):
    why = SelectField(_l("What happened"), id="leave_why", default="left")
    on = DateField(_l("First day away"), [InputRequired()], id="leave_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.why.choices = labels(LEAVINGS)


class ReasonForm(BaseForm):
    """Why something is opened, given out or erased; who it is about reads it."""

    reason = TextField(_l("Reason"), [Length(max=LONGEST_REASON)], id="reason")


class ShowForm(ReasonForm):
    facts = SelectMultipleField(_l("What you need to see"), id="show_facts")
    reason = TextField(_l("Reason"), [Length(max=LONGEST_REASON)], id="show_reason")


class NumberForm(BaseForm):
    number = TextField(_l("Mobile or ID number"), [InputRequired(), Length(max=40)])


class WrongDataForm(BaseForm):
    """信息有误, as the member sends it."""

    subject = SelectField(_l("What is wrong"))
    text = ProseField(_l("How it should be"), [InputRequired(), Length(min=2, max=500)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subject.choices = choices([(key, _(label)) for key, (label, _mends) in REPORTABLE.items()])


class AnswerForm(BaseForm):
    """What became of a report of wrong data."""

    state = RadioField(_l("What has been done"), validate_choice=False)
    text = TextField(_l("One sentence for the member"), [InputRequired(), Length(min=2, max=500)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state.choices = labels(ANSWERS)


class OwnDataForm(BaseForm):
    """Taking one's own data home: the password once more, for the file holds everything."""

    old = PasswordField(_l("Present password"), [InputRequired()])
