"""What the browser may send about teachers, venues and templates of classes."""

from datetime import time
from typing import Any

from wtforms import (
    FieldList,
    Form,
    FormField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    TimeField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from pbtrain.classes import kinds
from pbtrain.classes.rules import catalogue as rules
from pbtrain.core.forms import ProseField, TextField, VersionedForm, choices
from pbtrain.core.i18n import _, _l

MORE = 3  # empty rows under the units of a template


class ItemForm(VersionedForm):
    """What all of them have: the academy, chosen once."""

    unit_id = SelectField(_l("Academy"), coerce=int, validators=[Optional()])

    def values(self) -> dict[str, Any]:
        """Columns of the row, without the academy."""
        found = {name: value for name, value in super().values().items() if name != "unit_id"}
        return {name: "" if value is None else value for name, value in found.items()}


class TeacherForm(ItemForm):
    name = TextField(_l("Name"), validators=[InputRequired(), Length(max=60)])
    title = TextField(_l("Title or post"), validators=[Optional(), Length(max=60)])
    organisation = TextField(_l("Workplace"), validators=[Optional(), Length(max=100)])
    phone = TextField(_l("Telephone"), validators=[Optional(), Length(max=20)])
    topics = TextField(_l("Teaches"), validators=[Optional(), Length(max=300)])


class VenueForm(ItemForm):
    name = TextField(_l("Name"), validators=[InputRequired(), Length(max=60)])
    kind = SelectField(_l("Kind"))
    place = TextField(_l("Address"), validators=[Optional(), Length(max=100)])
    capacity = IntegerField(
        _l("How many people it holds"), validators=[InputRequired(), NumberRange(min=1, max=100_000)]
    )
    opens = TimeField(_l("Opens at"), validators=[InputRequired()], default=time(8))
    closes = TimeField(_l("Closes at"), validators=[InputRequired()], default=time(18))
    closed_on = SelectMultipleField(
        _l("Closed on"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    list_days = IntegerField(
        _l("A list of who enters is due so many days before"),
        validators=[InputRequired(), NumberRange(min=0, max=60)],
        default=0,
        description=_l("For restricted areas. 0: no list is asked for."),
    )
    note = TextField(_l("Note"), validators=[Optional(), Length(max=300)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = choices((key, _(label)) for key, label in kinds.VENUES.items())
        self.closed_on.choices = choices((str(n), _(day)) for n, day in enumerate(kinds.WEEKDAYS, 1))

    def fill(self, row: Any) -> None:
        """Show what is stored."""
        self.opens.data, self.closes.data = time.fromisoformat(row.opens), time.fromisoformat(row.closes)
        self.closed_on.data = row.closed_on.split(",") if row.closed_on else []

    def values(self) -> dict[str, Any]:
        return super().values() | {
            "opens": f"{self.opens.data:%H:%M}",
            "closes": f"{self.closes.data:%H:%M}",
            "closed_on": ",".join(sorted(self.closed_on.data or [])),
        }


class UnitForm(Form):
    """One unit of a template; a row without a subject is none."""

    title = TextField(_l("Subject"), validators=[Optional(), Length(max=100)])
    day = IntegerField(_l("On day"), validators=[Optional(), NumberRange(min=1, max=rules.MOST_DAYS)])
    time = TimeField(_l("Begins at"), validators=[Optional()])
    minutes = IntegerField(_l("Minutes"), validators=[Optional(), NumberRange(min=10, max=480)])
    mode = SelectField(_l("Way of teaching"))
    teacher_id = SelectField(_l("Teacher"), coerce=int, validators=[Optional()])
    venue_id = SelectField(_l("Venue"), coerce=int, validators=[Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mode.choices = choices((key, _(mode.label)) for key, mode in kinds.MODES.items())
        self.teacher_id.choices = self.venue_id.choices = [(0, "—")]

    def stored(self) -> dict[str, Any]:
        """The row as a template keeps it; days are counted from 0."""
        return {
            "title": self.title.data,
            "day": (self.day.data or 1) - 1,
            "time": f"{self.time.data or time(9):%H:%M}",
            "minutes": self.minutes.data or 0,
            "mode": self.mode.data,
            "teacher_id": self.teacher_id.data or None,
            "venue_id": self.venue_id.data or None,
        }


class TemplateForm(ItemForm):
    name = TextField(_l("Name of the class"), validators=[InputRequired(), Length(max=100)])
    theme = TextField(_l("Theme"), validators=[Optional(), Length(max=100)])
    days = IntegerField(_l("Days"), validators=[InputRequired(), NumberRange(min=1, max=rules.MOST_DAYS)])
    capacity = IntegerField(
        _l("Seats"), validators=[InputRequired(), NumberRange(min=1, max=rules.MOST_SEATS)], default=35
    )
    audience = SelectField(_l("Audience"))
    language = SelectField(_l("Language"))
    first_month = SelectField(_l("Offered from"))
    last_month = SelectField(_l("until the end of"))
    share = IntegerField(
        _l("Attendance for the certificate, in percent"),
        validators=[InputRequired(), NumberRange(min=0, max=100)],
        default=80,
    )
    body = ProseField(_l("What it is about"), validators=[Optional(), Length(max=5000)])
    body_mn = ProseField(_l("The same in Mongolian"), validators=[Optional(), Length(max=5000)])
    sessions = FieldList(FormField(UnitForm), min_entries=0, max_entries=rules.MOST_UNITS + MORE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.audience.choices = choices((key, _(label)) for key, label in kinds.AUDIENCES.items())
        self.language.choices = choices((key, _(label)) for key, label in kinds.LANGUAGES.items())
        months = [("", _("the whole year"))]
        months += [(f"{n:02}", _("month %(number)s", number=n)) for n in range(1, 13)]
        self.first_month.choices = self.last_month.choices = choices(months)

    def fill(self, row: Any) -> None:
        """Show what is stored, and some rows more."""
        self.first_month.data, _dash, self.last_month.data = (row.season or "-").partition("-")
        self.share.data = row.rule.get("share", 0)
        while self.sessions.entries:
            self.sessions.pop_entry()
        for unit in row.sessions:
            self.sessions.append_entry(
                unit | {"day": unit["day"] + 1, "time": time.fromisoformat(unit["time"])}
            )

    def offer(self, teachers: list[Any], venues: list[Any]) -> None:
        """Whom and what the units may name; three empty rows follow."""
        if not self.is_submitted():
            for _number in range(MORE):
                self.sessions.append_entry({"mode": next(iter(kinds.MODES))})
        for entry in self.sessions:
            entry.teacher_id.choices = [(0, "—"), *((row.id, row.name) for row in teachers)]
            entry.venue_id.choices = [(0, "—"), *((row.id, row.name) for row in venues)]

    def values(self) -> dict[str, Any]:
        found = super().values()
        first, last = found.pop("first_month"), found.pop("last_month")
        return found | {
            "season": f"{first}-{last}" if first or last else "",
            "rule": {"share": found.pop("share")},
            "sessions": sorted(
                (entry.form.stored() for entry in self.sessions if entry.form.title.data),
                key=lambda unit: (unit["day"], unit["time"]),
            ),
        }


FORMS: dict[str, type[ItemForm]] = {"templates": TemplateForm, "teachers": TeacherForm, "venues": VenueForm}
