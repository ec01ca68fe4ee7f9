"""What the browser may send about claims and platforms."""

from typing import Any

from flask_wtf.file import MultipleFileField
from wtforms import DateField, HiddenField, IntegerField, SelectField, TimeField
from wtforms.validators import UUID, InputRequired, Length, NumberRange, Optional, StopValidation
from wtforms.widgets import HiddenInput

from pbtrain.claims import rules
from pbtrain.core.forms import BaseForm, ProseField, TextField, choices
from pbtrain.core.i18n import _, _l
from pbtrain.hours.activities import EARNING

MEETINGS = {key: kind.label for key, kind in EARNING.items() if kind.recorded_by_branch}
COUNTS = {"minutes": _l("Minutes"), "points": _l("Points of the platform"), "lessons": _l("Lessons")}
MODES = {"group": _l("Group study"), "self": _l("Self-study, shown apart")}
PROOFS = {"B": _l("B: confirmed by somebody"), "C": _l("C: record of the platform"), "D": _l("D: own word")}


class ClaimForm(BaseForm):
    """What was studied. Which fields are asked follows from the kind, which the address names."""

    title = TextField(
        _l("What was studied"),
        validators=[InputRequired(), Length(2, 100, _l("Say what it was, in 2 to 100 characters."))],
    )
    day = DateField(_l("Which day"), validators=[InputRequired()])
    minutes = IntegerField(_l("Time in minutes"), validators=[Optional(), NumberRange(1, 24 * 60)])
    time = TimeField(_l("Began at"), validators=[Optional()])
    platform = SelectField(_l("Platform"), coerce=int, validate_choice=False)
    quantity = IntegerField(_l("How much it shows"), validators=[Optional(), NumberRange(1, 99_999)])
    host = TextField(_l("The other branch: its full name or number"), validators=[Length(max=120)])
    activity = SelectField(_l("What was held there"))
    note = ProseField(_l("Anything else the secretary should know"), validators=[Length(max=500)])
    files = MultipleFileField(_l("Photos or PDF"))
    form_id = HiddenField(validators=[UUID()])
    version = IntegerField(widget=HiddenInput(), validators=[Optional(), NumberRange(1, 10**6)])

    def offer(self, kind: str, platforms: list[Any]) -> None:
        """Ask only what this kind needs."""
        for name in UNASKED[kind]:
            del self[name]
        self.note.flags.optional = self.files.flags.optional = True
        for name in ("minutes", "quantity"):
            if name in self:
                self[name].flags.optional = False
        if "time" in self:
            self.time.flags.optional = True
        if "minutes" in self:
            self.minutes.validators = [
                InputRequired(_l("Say how long it took.")),
                NumberRange(
                    rules.SHORTEST,
                    rules.LONGEST,
                    _l(
                        "The time of study is between %(least)s and %(most)s minutes.",
                        least=rules.SHORTEST,
                        most=rules.LONGEST,
                    ),
                ),
            ]
        if "platform" in self:
            self.platform.choices = choices((row.id, row.name) for row in platforms)
        if "activity" in self:
            self.activity.choices = choices((key, _(label)) for key, label in MEETINGS.items())


UNASKED = {
    "paper": ("time", "platform", "quantity", "host", "activity"),
    "radio": ("platform", "quantity", "host", "activity"),
    "platform": ("minutes", "time", "host", "activity"),
    "host": ("platform", "quantity"),
    "visit": ("platform", "quantity", "host", "activity"),
    "self_study": ("time", "platform", "quantity", "host", "activity"),
}


def _site(form: BaseForm, field: Any) -> None:
    if field.data and not field.data.startswith(("https://", "http://")):
        raise StopValidation(_("A link begins with https://"))


class PlatformForm(BaseForm):
    """An outside platform and what it is worth."""

    name = TextField(_l("Name"), validators=[InputRequired(), Length(2, 60)])
    link = TextField(_l("Link"), validators=[Length(max=200), _site])
    counts_in = SelectField(_l("It counts in"))
    per_hour = IntegerField(_l("So many are one hour"), validators=[InputRequired(), NumberRange(1, 10_000)])
    year_cap = IntegerField(
        _l("Most hours a year from it"), validators=[InputRequired(), NumberRange(0, 100)]
    )
    proof = SelectField(_l("Proof level"))
    mode = SelectField(_l("Counts as"))
    open = SelectField(_l("Standing of the platform"))
    version = IntegerField(widget=HiddenInput(), validators=[Optional(), NumberRange(1, 10**6)])

    def offer(self) -> None:
        """Fill in the lists."""
        self.link.flags.optional = True
        self.counts_in.choices = choices(COUNTS.items())
        self.proof.choices = choices(PROOFS.items())
        self.mode.choices = choices(MODES.items())
        self.open.choices = choices([("1", _("May be claimed")), ("0", _("No longer claimed"))])
