"""What the browser may send about enrolments: who is ticked and what is to be done with them."""

from flask import abort, request
from wtforms import BooleanField
from wtforms.validators import Length

from pbtrain.classes.rules import enrolment as rules
from pbtrain.core.forms import BaseForm, ProseField, TextField, number_of
from pbtrain.core.i18n import _l


class ActForm(BaseForm):
    """One act on the enrolments that are ticked."""

    act = TextField()
    reason = ProseField(_l("Reason"), [Length(max=rules.LONGEST_REASON)])


class LeaveForm(BaseForm):
    """Leave from sessions, which are ticked beside it."""

    why = ProseField(_l("Reason"), [Length(max=rules.LONGEST_REASON)])
    meant = BooleanField(_l("I know that this ends the training"))


def chosen(text: str) -> str:
    """An act of the table; 400 for anything else."""
    if text not in rules.ACTS:
        abort(400)
    return text


def whole(text: str) -> int:
    """A small whole number; 400 for anything else."""
    found = number_of(text)
    return abort(400) if found is None else found


def numbers(name: str) -> list[int]:
    """The ids that are ticked under this name; 400 for what is none."""
    return [whole(text) for text in request.form.getlist(name)]


def picked(name: str = "pick") -> list[tuple[int, int]]:
    """The enrolments that are ticked as (id, version the person saw): "12:3"; 400 for anything else."""
    found = []
    for text in request.form.getlist(name):
        one, _colon, version = text.partition(":")
        found.append((whole(one), whole(version)))
    return found
