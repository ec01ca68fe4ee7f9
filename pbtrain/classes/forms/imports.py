"""What the browser may send about lists of people: a sheet, a part of the tree; a guest."""

from collections.abc import Sequence
from typing import Any

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, IntegerField, RadioField, SelectField
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import HiddenInput

from pbtrain.classes.services.guests import OTHER
from pbtrain.core.forms import BaseForm, TextField, choices
from pbtrain.core.i18n import _, _l


class SheetForm(BaseForm):
    """A sheet of learners."""

    file = FileField(
        _l("Sheet of learners"),
        [FileRequired(_l("Choose a file."))],
        description=_l("An .xlsx or .csv file of at most 2,000 rows. The template has the right headers."),
    )


class TreeForm(BaseForm):
    """Whom the tree offers. The choices of units are set by the view."""

    unit = SelectField(_l("Unit and all below it"), coerce=int)
    posts = SelectField(_l("Posts"))
    fresh = BooleanField(_l("Only who has been in no class this year (all in turn)"), default=True)


class ApplyForm(BaseForm):
    """What to do with a list that was checked."""

    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(), NumberRange(1, 10**6)])
    answer = BooleanField(_l("Members answer first whether they come; otherwise they are enrolled at once"))
    overflow = BooleanField(_l("Put those without a seat on the waiting list"))


class GuestForm(BaseForm):
    """A guest from outside."""

    name = TextField(_l("Full name"), [InputRequired(), Length(max=60)])
    organisation = TextField(_l("Organisation"), [InputRequired(), Length(max=100)])
    phone = TextField(
        _l("Mobile number"), [Optional(), Length(max=20)],
        description=_l("To be reached for this class only; it is removed 90 days after it."),
    )  # fmt: skip

    known = RadioField(_l("Guests of this name are known. Who is it?"), [Optional()], coerce=int, choices=[])

    def offer(self, rows: Sequence[Any]) -> None:
        """Guests of this name whom the academy knows (`guests.known`), or somebody else."""
        some = [
            (row.id, " · ".join(text for text in (row.name, row.organisation, row.last) if text))
            for row in rows
        ]
        self.known.choices = choices([*some, (OTHER, _("Somebody else of this name"))] if some else [])
        self.known.flags.optional = not some


class PartForm(BaseForm):
    """Why a merge is undone."""

    why = TextField(_l("Reason"), [Length(max=300)])


class MergeForm(BaseForm):
    """Which member a guest turned out to be."""

    code = TextField(_l("Member number"), [InputRequired(), Length(max=32)])
