"""What the browser may send about who leads a unit, and about academies."""

from typing import Any

from flask_wtf.file import FileField, FileRequired, FileSize
from wtforms import DateField, HiddenField, SelectField
from wtforms.validators import InputRequired, Length, Optional

from pbtrain.core.forms import BaseForm, TextField, choices
from pbtrain.core.i18n import _, _l
from pbtrain.core.storage import MAX_BYTES
from pbtrain.org.forms.common import CODE, UNIT_HELP
from pbtrain.org.roles import MAY, Role

WHO_HELP = _l("Name, member number or user name.")
STAFF = (Role.ACADEMY_ADMIN, Role.COURSE_AUTHOR)


class HandoverForm(BaseForm):
    """A new secretary; `seen` says which changes the reader has been shown."""

    person = TextField(_l("New secretary"), [InputRequired(), Length(max=100)], description=WHO_HELP)
    on = DateField(_l("First day"), [InputRequired()])
    valid_until = DateField(
        _l("First day after the term"), [Optional()], description=_l("Empty: no end is known.")
    )
    seen = HiddenField(validators=[Length(max=500)])


class ActingForm(BaseForm):
    """Somebody who acts as secretary for some days."""

    person = TextField(
        _l("Who acts"), [InputRequired(), Length(max=100)], id="acting_person", description=WHO_HELP
    )
    valid_from = DateField(_l("First day"), [InputRequired()], id="acting_from")
    valid_until = DateField(
        _l("First day after"),
        [InputRequired()],
        id="acting_until",
        description=_l("On this day the rights end by themselves."),
    )


class AcademyForm(BaseForm):
    """A new academy."""

    name = TextField(_l("Name of the academy"), [InputRequired(), Length(max=100)])
    parent_id = TextField(_l("Unit above"), [InputRequired(), Length(max=100)], description=UNIT_HELP)
    area = TextField(
        _l("Service area"),
        [InputRequired(), Length(max=100)],
        description=_l("A unit: the academy may find the members of this unit and of all below it."),
    )
    code = TextField(
        _l("Code of the unit"), [Optional(), Length(max=32), CODE], description=_l("Empty: we make one.")
    )


class AreaForm(BaseForm):
    """Whom an academy serves."""

    area = TextField(_l("Service area"), [InputRequired(), Length(max=100)], description=UNIT_HELP)


class SealForm(BaseForm):
    """The picture of an academy's seal."""

    picture = FileField(
        _l("Picture of the seal"), [FileRequired(_l("Choose a picture.")), FileSize(MAX_BYTES)]
    )


class StaffForm(BaseForm):
    """Who manages an academy or writes its courses: a member, or somebody who stands on no roster."""

    person = TextField(_l("Who"), [InputRequired(), Length(max=60)], id="staff_person", description=WHO_HELP)
    role = SelectField(_l("Role"))
    guest = SelectField(_l("On the roster?"), id="staff_guest")
    valid_until = DateField(
        _l("First day after"),
        [Optional()],
        id="staff_until",
        description=_l("Empty: until further notice."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = choices((str(role), _(MAY[role].label)) for role in STAFF)
        self.guest.choices = choices(
            [
                ("", _("On our roster, or has a login already")),
                ("1", _("On no roster: make a login with this name")),
            ]
        )
