"""The first page of each view, and changing the view."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from pbtrain.classes import kinds
from pbtrain.classes.queries import classes as classes_q
from pbtrain.classes.rules import terms
from pbtrain.closing import queries as closing_q
from pbtrain.closing.views.common import month_name
from pbtrain.core import badges, clock
from pbtrain.core.db import db
from pbtrain.courses import queries as courses_q
from pbtrain.events import queries as events_q
from pbtrain.home import queries, starting
from pbtrain.home.navigation import branches
from pbtrain.home.views import bp
from pbtrain.hours import queries as hours_q
from pbtrain.hours.views.units import overview
from pbtrain.org import leaders
from pbtrain.org.access import Actor, Grant, current_view, may, needs, signed, signed_in
from pbtrain.org.counts import of_units
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.roles import MAY, Perm

BEHIND_SHOWN = 5
MEETINGS_SHOWN = 4
COURSES_SHOWN = 50
DATES_SHOWN, COMING = 3, timedelta(days=31)


@bp.get("/")
@signed_in
def home() -> str | Response:
    """The home of the view this person looks at."""
    person = signed()
    return HOMES[current_view(person)](person)


@bp.post("/view")
@signed_in
def change_view() -> Response:
    """Look at another of one's own views from now on."""
    wanted = request.form.get("view", "")
    if wanted not in signed().views:
        abort(403)
    session["view"] = wanted
    return redirect(url_for(".home"), 303)


@dataclass(frozen=True)
class Step:
    """A course to go on with, or to begin, and what it brings."""

    id: int
    title: str
    begun: bool
    lesson: int  # the number of the next lesson, 0 when only the quiz is left
    lessons: int
    due_on: Any
    days_left: int | None
    credit: int | None  # hundredths


def member(person: Actor) -> str:
    """How much is missing, and what comes next; six statements."""
    if person.member_id is None:
        return render_template("home/nobody.html", person=person)
    today = clock.today()
    year = queries.my_year(person.member_id, today)
    steps = [
        Step(
            id=row.id,
            title=row.title,
            begun=row.standing is not None,
            lesson=0 if row.done >= row.lessons else row.done + 1,
            lessons=row.lessons,
            due_on=row.due_on,
            days_left=(row.due_on - today).days if row.due_on else None,
            credit=year.policy.credit("online_course", row.minutes) if year.policy else None,
        )
        for row in queries.my_courses(person.member_id)
    ]
    unread, messages = queries.unread_messages(person.account_id)
    return render_template(
        "home/member.html",
        person=person,
        year=year,
        steps=steps,
        enough=enough(year.progress, steps),
        unread=unread,
        messages=messages,
    )


def enough(progress: Any, steps: list[Step]) -> Step | None:
    """A course that alone brings a member who is behind back on pace."""
    if progress is None or progress.standing != "behind":
        return None
    return next((step for step in steps if step.credit and progress.gap + step.credit >= 0), None)


def asked_of(held: list[Grant]) -> Grant:
    """Which of the units of this view is looked at: `?unit=`, else the first."""
    text = request.args.get("unit", "")
    wanted = [grant for grant in held if str(grant.unit_id) == text]
    if text and not wanted:
        abort(404)
    return (wanted or held)[0]


def grants_of(person: Actor, view: str) -> list[Grant]:
    """The grants that make up a view, one for each unit."""
    found = {grant.unit_id: grant for grant in person.grants if MAY[grant.role].view == view}
    return [found[unit_id] for unit_id in sorted(found)]


def secretary(person: Actor) -> str:
    """Who is behind, what waits for the secretary, which month is to be signed; six statements."""
    held, today = grants_of(person, "secretary"), clock.today()
    branch = asked_of(held)
    behind = hours_q.branch_members([branch.unit_id], today.year, standing="behind", sort="behind")
    meetings, planned = events_q.around(
        branch.unit_id, today, today + COMING, held=MEETINGS_SHOWN, planned=DATES_SHOWN
    )
    this_year, last_year = closing_q.standing(branch.unit_id, today)
    waits = queries.branch_waits(branch.unit_id, person)
    if len(held) == 1:
        badges.leave("desk", waits.claims + waits.held)
    return render_template(
        "home/secretary.html",
        branch=branch,
        branches=held,
        own=branches(person),
        year=today.year,
        attainment=hours_q.branch_attainment(branch.unit_id, today.year),
        waits=waits,
        behind=db.session.execute(behind.limit(BEHIND_SHOWN)).all(),
        meetings=meetings,
        planned=planned,
        now=clock.now(),
        this_year=this_year,
        last_year=last_year,
        month_name=month_name,
        may_sign=may(person, Perm.HOURS_SIGN, branch.unit_id),
    )


def academy(person: Actor) -> str:
    """What the next classes lack; the courses of one's academies: what is to publish, who learns."""
    today, runs = clock.today(), may(person, Perm.CLASS_MANAGE)
    coming = [
        (row, terms.lacking(row, today), terms.list_due(row))
        for row in (classes_q.next_classes(person, today) if runs else ())
    ]
    rows = db.session.execute(courses_q.authored(person).limit(COURSES_SHOWN + 1)).all()
    return render_template(
        "home/academy.html",
        coming=coming,
        runs=runs,
        lacks=terms.LACKS,
        kinds=kinds,
        rows=rows[:COURSES_SHOWN],
        more=len(rows) > COURSES_SHOWN,
        may_publish=may(person, Perm.COURSE_PUBLISH),
    )


def auditor(person: Actor) -> str | Response:
    """Which unit needs a question asked, and what waits for this level; six statements."""
    held = grants_of(person, "auditor")
    unit = queries.watched(person, asked_of(held))
    badges.leave("above", unit.above)
    if UNIT_KINDS[unit.kind].has_members:
        return redirect(url_for("hours.members", branch_id=unit.id))
    return render_template("home/auditor.html", held=held, above=unit.above, **overview(person, unit))


def admin(person: Actor) -> str:
    """Whether anything is wrong, and what a new site still needs; six statements."""
    held = grants_of(person, "admin")
    top = asked_of(held)
    units = leaders.within(person, Perm.UNIT_MANAGE, top.unit_id)
    sums = of_units([top.unit_id])[top.unit_id]
    kept = sums if sums["as_of"] else None
    count, first = leaders.leaderless(units, clock.today(), kept)
    counts = leaders.counts(units, clock.today(), kept)
    sees_jobs, waits = may(person, Perm.JOBS_VIEW), queries.troubles(person)
    badges.leave("above", waits.above)
    return render_template(
        "home/admin.html",
        held=held,
        only=top.unit_id if len(held) > 1 else None,
        top=top,
        figures=sums,
        most_slips=starting.MOST_AT_ONCE,
        step=starting.next_step(starting.steps(top.unit_id, sums, counts.slips)),
        counts=counts,
        leaderless=count,
        first=first,
        troubles=waits if sees_jobs else None,
        wrong=waits.wrong,
        above=waits.above,
    )


@bp.get("/start")
@needs(Perm.UNIT_MANAGE)
def start() -> str:
    """From an empty site to the first slip, the next step first; four statements."""
    person = signed()
    top = asked_of(grants_of(person, "admin"))
    sums = of_units([top.unit_id])[top.unit_id]
    kept = sums if sums["as_of"] else None
    units = leaders.within(person, Perm.UNIT_MANAGE, top.unit_id)
    counts = leaders.counts(units, clock.today(), kept)
    steps = starting.steps(top.unit_id, sums, counts.slips)
    return render_template(
        "home/start.html",
        top=top,
        steps=steps,
        step=starting.next_step(steps),
        more=starting.afterwards(top.unit_id, counts, sums["branches"]),
    )


HOMES: dict[str, Callable[[Actor], str | Response]] = {
    "member": member,
    "secretary": secretary,
    "academy": academy,
    "auditor": auditor,
    "admin": admin,
}
