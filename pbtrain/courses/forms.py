"""What a browser may send to write a course."""

from typing import Any

from wtforms import BooleanField, DateField, IntegerField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from pbtrain.core.errors import RuleError
from pbtrain.core.forms import ProseField, TextField, VersionedForm, choices
from pbtrain.core.i18n import _, _l
from pbtrain.courses import rules
from pbtrain.quizzes.kinds import KINDS, LETTERS
from pbtrain.quizzes.services.writing import Wanted


class CourseForm(VersionedForm):
    title = TextField(_l("Title"), validators=[InputRequired(), Length(max=100)])
    description = ProseField(_l("What it is about"), validators=[Optional(), Length(max=2000)])
    minutes = IntegerField(
        _l("Minutes it really takes"),
        validators=[InputRequired(), NumberRange(min=1, max=1440)],
        description=_l("Whole minutes. The policy of the year turns them into hours."),
    )
    due_on = DateField(_l("Complete by"), validators=[Optional()])
    lang = SelectField(_l("Language of the course"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lang.choices = choices((key, _(label)) for key, label in rules.LANGS.items())

    def values(self) -> dict[str, Any]:
        """Columns of a course."""
        return super().values() | {"description": self.description.data or ""}


class NewCourseForm(CourseForm):
    unit_id = SelectField(_l("Academy"), coerce=int)


class LessonForm(VersionedForm):
    title = TextField(_l("Title"), validators=[InputRequired(), Length(max=100)])
    minutes = IntegerField(
        _l("Minutes it takes"), validators=[InputRequired(), NumberRange(min=0, max=600)], default=10
    )
    least = IntegerField(
        _l("Shortest time in minutes"),
        validators=[InputRequired(), NumberRange(min=0, max=600)],
        default=0,
        description=_l("Before that the lesson cannot be completed. 0: no shortest time."),
    )
    body = ProseField(
        _l("Text"),
        validators=[Optional(), Length(max=60_000)],
        description=_l("Markdown: a line beginning with ## is a heading, - begins a list, **bold**."),
    )

    def values(self) -> dict[str, Any]:
        """Columns of a lesson."""
        return {
            "title": self.title.data,
            "minutes": self.minutes.data,
            "min_seconds": 60 * (self.least.data or 0),
            "body": self.body.data or "",
        }


class TermsForm(VersionedForm):
    title = TextField(_l("Title"), validators=[InputRequired(), Length(max=100)])
    pass_mark = IntegerField(
        _l("Pass mark in percent"), validators=[InputRequired(), NumberRange(min=0, max=100)]
    )
    max_attempts = IntegerField(
        _l("Attempts at most"), validators=[InputRequired(), NumberRange(min=1, max=20)]
    )
    time_limit = IntegerField(
        _l("Minutes for one attempt"),
        validators=[Optional(), NumberRange(min=1, max=600)],
        description=_l("Empty: no limit."),
    )
    release = SelectField(_l("Show the right answers"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.release.choices = choices((key, _(label)) for key, label in rules.RELEASES.items())


class QuestionForm(VersionedForm):
    """A question of any kind: fixed options are only ticked, others have up to eight texts."""

    text = ProseField(_l("Question"), validators=[InputRequired(), Length(max=1000)])
    points = IntegerField(_l("Points"), validators=[InputRequired(), NumberRange(min=0, max=1000)], default=5)
    partial = BooleanField(_l("A part of the right choices earns a part"), default=True)
    explanation = ProseField(
        _l("Explanation"),
        validators=[Optional(), Length(max=1000)],
        description=_l("Shown with the right answer, once that is released."),
    )
    right = SelectMultipleField(
        _l("Right answer"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    options_error = ""

    def __init__(self, kind: str, *args: Any, stored: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = KINDS[kind]
        self.options = dict(stored or {})
        pairs = self.kind.fixed.items() or ((letter.lower(), letter) for letter in LETTERS)
        self.right.choices = choices((key, _(label)) for key, label in pairs)

    def read_options(self, texts: list[str]) -> bool:
        """Take the texts of the options in their order; False when one is damaged or too long."""
        field = TextField(validators=[Length(max=300)]).bind(self, "option")
        for letter, text in zip(LETTERS.lower(), texts, strict=False):
            field.process_formdata([text])
            self.options[letter] = field.data or ""
            if len(self.options[letter]) > 300:
                self.options_error = _("A choice has at most 300 characters.")
        return not self.options_error

    def blame(self, error: RuleError) -> None:
        super().blame(error)
        if error.field == "options":
            self.options_error = str(self.form_errors[-1])

    def wanted(self) -> Wanted:
        """What the author wrote, for the service."""
        return Wanted(
            kind=self.kind.key,
            text=self.text.data or "",
            options=self.options,
            right=self.right.data or [],
            points=100 * (self.points.data or 0),
            partial=bool(self.partial.data),
            explanation=self.explanation.data or "",
        )
