"""The base form and the project's own fields."""

import re
from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import TextArea

from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.i18n import _, say
from pbtrain.core.marks import N_

# Control characters, zero-width and direction marks: they break exports or hide text.
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)
BREAKS = re.compile("[\t\n\r\x85\u2028\u2029]+")  # no browser sends them for a line, and no header holds them
SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without characters nobody can see, its ends trimmed."""
    return UNSEEN.sub("", text).strip()


def one_line(text: str) -> str:
    """The same with blanks for breaks: what is a header somewhere has none."""
    return clean(BREAKS.sub(" ", text))


def number_of(text: str | None, *, digits: int = 9) -> int | None:
    """The whole number that was sent or stands in an address, of at most so many digits (an id or a version
    has nine); None for anything else."""
    text = text or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def choices(pairs: Any) -> list[SelectChoice]:
    """SelectField choices from (value, label) pairs."""
    return [SelectChoice(value, label) for value, label in pairs]


class TextField(StringField):
    """A line of text: unseen characters are dropped, breaks become blanks, what is not Unicode is refused."""

    data: str | None
    tidy = staticmethod(one_line)

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data:
            if SURROGATE.search(self.data):
                self.data = ""
                raise ValidationError(_("This text is damaged. Please type it again."))
            self.data = self.tidy(self.data)


class ProseField(TextField):
    """The same for text of several lines."""

    tidy = staticmethod(clean)
    widget = TextArea()


# What the validators of WTForms say: its own Chinese ("该字段是必填字段") does not say what to do.
SAYINGS = frozenset(
    {
        N_("This field is required."),
        N_("Not a valid choice."),
        N_("Not a valid date value."),
        N_("Not a valid time value."),
        N_("Not a valid integer value."),
        N_("Not a valid decimal value."),
        N_("Invalid input."),
    }
)


class Sayings:
    """Messages of validators in our words where we have some, else in those of WTForms."""

    def __init__(self, others: Any) -> None:
        self.others = others

    def gettext(self, message: str) -> str:
        """In the reader's language."""
        return str(_(message) if message in SAYINGS else self.others.gettext(message))

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The same with a number."""
        return str(self.others.ngettext(one, many, count))


class BaseForm(FlaskForm):
    """Knows where a broken rule belongs. With `keeps_races` whoever was second gets the form back
    with what was typed, not the page that says who was faster."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: Any) -> Sayings:
            return Sayings(super().get_translations(form))

    keeps_races = False

    def values(self) -> dict[str, Any]:
        """The validated data, without the CSRF token."""
        return {name: value for name, value in self.data.items() if name != "csrf_token"}

    def blame(self, error: RuleError) -> None:
        """Show a RuleError beside its field, or above the form."""
        field = self._fields.get(error.field)
        where = self.form_errors if field is None else field.errors
        if isinstance(where, tuple):  # a field that was never validated
            field.errors = where = list(where)
        where.append(say(error))


class VersionedForm(BaseForm):
    """Remembers from which version the text was made; of two editors the second sees both."""

    version = HiddenField(default="0")
    keeps_races = True
    conflict = False

    def blame(self, error: RuleError) -> None:
        self.conflict = self.conflict or isinstance(error, Conflict)
        super().blame(error)

    @property
    def made_from(self) -> int:
        """The version number sent; 0, which no row has, for anything else."""
        return number_of(str(self.version.data or "")) or 0

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in super().values().items() if name != "version"}
