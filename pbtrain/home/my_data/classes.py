"""What 我的资料 takes home of training classes: enrolments, what happened to them, leave, and as a guest.

Of an evaluation that it was filled in, never what it says; of lists of who enters a site that one is on it.
"""

from sqlalchemy import select

from pbtrain.classes.models import (
    ClassEnrolment,
    ClassLeave,
    ClassSession,
    EnrolmentStep,
    EntryList,
    EntryPerson,
    EvaluationDone,
    TrainingClass,
)
from pbtrain.classes.rules.enrolment import ACTS, STATES
from pbtrain.core.db import db
from pbtrain.core.i18n import N_, _
from pbtrain.events.models import Event, Guest
from pbtrain.home.my_data.study import Part


def everything(member_id: int) -> dict[str, Part]:
    """All tables of classes that name this person; six statements."""
    return {
        "classes": _enrolments(member_id),
        "class_steps": _steps(member_id),
        "class_leaves": _leaves(member_id),
        "class_evaluations": _evaluations(member_id),
        "class_entries": _entries(member_id),
        "as_guest": _guest(member_id),
    }


def _enrolments(member_id: int) -> Part:
    query = (
        select(
            TrainingClass.title, TrainingClass.starts_on, TrainingClass.ends_on, ClassEnrolment.state,
            ClassEnrolment.reason, ClassEnrolment.made_at,
        )
        .join(TrainingClass, TrainingClass.id == ClassEnrolment.class_id)
        .where(ClassEnrolment.member_id == member_id)
        .order_by(ClassEnrolment.id)
    )  # fmt: skip
    columns = {
        "class": N_("Class"), "since": N_("First day"), "until": N_("Last day"), "state": N_("State"),
        "reason": N_("Reason"), "at": N_("Recorded"),
    }  # fmt: skip
    rows = [
        [title, since, until, _(STATES[state][0]), reason, at]
        for title, since, until, state, reason, at in db.session.execute(query)
    ]
    return Part(N_("My classes"), columns, rows)


def _steps(member_id: int) -> Part:
    query = (
        select(TrainingClass.title, EnrolmentStep.at, EnrolmentStep.act, EnrolmentStep.reason)
        .join(ClassEnrolment, ClassEnrolment.id == EnrolmentStep.enrolment_id)
        .join(TrainingClass, TrainingClass.id == ClassEnrolment.class_id)
        .where(ClassEnrolment.member_id == member_id)
        .order_by(EnrolmentStep.id)
    )
    columns = {"class": N_("Class"), "at": N_("When"), "what": N_("What"), "why": N_("Why")}
    rows = [
        [title, at, _(ACTS[act].label) if act in ACTS else _("Leave from sessions"), reason]
        for title, at, act, reason in db.session.execute(query)
    ]
    return Part(N_("Steps of enrolment"), columns, rows)


def _leaves(member_id: int) -> Part:
    query = (
        select(Event.day, Event.title, ClassLeave.reason)
        .join(ClassSession, ClassSession.id == ClassLeave.session_id)
        .join(Event, Event.id == ClassSession.event_id)
        .join(ClassEnrolment, ClassEnrolment.id == ClassLeave.enrolment_id)
        .where(ClassEnrolment.member_id == member_id)
        .order_by(Event.day, ClassLeave.id)
    )
    columns = {"day": N_("Day"), "title": N_("Topic"), "why": N_("Why")}
    return Part(N_("Leave from sessions"), columns, [list(row) for row in db.session.execute(query)])


def _evaluations(member_id: int) -> Part:
    """That somebody has answered; what was said stands nowhere with a name."""
    query = (
        select(TrainingClass.title, TrainingClass.starts_on)
        .join(ClassEnrolment, ClassEnrolment.class_id == TrainingClass.id)
        .join(EvaluationDone, EvaluationDone.enrolment_id == ClassEnrolment.id)
        .where(ClassEnrolment.member_id == member_id)
        .order_by(EvaluationDone.id)
    )
    columns = {"class": N_("Class"), "since": N_("First day"), "state": N_("State")}
    rows = [[*row, _("filled in; the answers are anonymous")] for row in db.session.execute(query)]
    return Part(N_("Evaluations of classes"), columns, rows)


def _entries(member_id: int) -> Part:
    """On which lists of who enters a restricted site one stands, and whether they hold one's ID number."""
    query = (
        select(Event.day, Event.title, EntryPerson.sealed, EntryList.sent_at, EntryList.purge_on)
        .join(EntryList, EntryList.id == EntryPerson.list_id)
        .join(ClassSession, ClassSession.id == EntryList.session_id)
        .join(Event, Event.id == ClassSession.event_id)
        .join(ClassEnrolment, ClassEnrolment.id == EntryPerson.enrolment_id)
        .where(ClassEnrolment.member_id == member_id)
        .order_by(Event.day, EntryPerson.id)
    )
    columns = {
        "day": N_("Day"), "title": N_("Topic"), "number": N_("ID number"), "sent": N_("List sent"),
        "until": N_("Removed on"),
    }  # fmt: skip
    rows = [
        [day, title, _("stored, encrypted") if sealed else _("not stored"), sent, purge]
        for day, title, sealed, sent, purge in db.session.execute(query)
    ]
    return Part(N_("Lists of who enters a site"), columns, rows)


def _guest(member_id: int) -> Part:
    query = (
        select(Guest.name, Guest.organisation, Guest.phone, Guest.made_at)
        .where(Guest.member_id == member_id)
        .order_by(Guest.id)
    )
    columns = {
        "name": N_("Full name"), "organisation": N_("Organisation"), "phone": N_("Mobile number"),
        "at": N_("Recorded"),
    }  # fmt: skip
    return Part(N_("As a guest of classes"), columns, [list(row) for row in db.session.execute(query)])
