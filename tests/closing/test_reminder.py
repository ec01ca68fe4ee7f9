"""Who has not signed the month that is over hears of it once."""

from sqlalchemy import select

from pbtrain.closing import services
from pbtrain.core.db import db, transaction
from pbtrain.hours import services as hours
from pbtrain.notify.models import Message
from pbtrain.org.roles import Role
from pbtrain.reminders.jobs import REMINDERS, enqueue_due
from tests.closing.conftest import MARCH, line, post


def told():
    rows = db.session.scalars(select(Message.subject).where(Message.about.startswith("sign:")))
    return list(rows.all())


def test_a_secretary_hears_once_a_month_from_the_tenth_on(make, branch, secretary, frozen):
    post(line(make.member(branch), day=MARCH))
    assert REMINDERS["unsigned"](MARCH, 0, 10) == []  # the second of a month: there is time
    enqueue_due()
    enqueue_due()
    assert told() == [f"{branch.name}：2026 年 08 月台账还没有签审"]
    frozen.shift(days=7)  # 2 October
    enqueue_due()
    assert len(told()) == 1
    frozen.shift(days=9)
    enqueue_due()
    assert len(told()) == 2


def test_who_has_signed_or_has_nothing_to_sign_hears_nothing(make, root, branch, secretary):
    other = make.unit(parent=root)
    other_secretary = make.member(other)
    make.grant(other_secretary, Role.BRANCH_SECRETARY, other)
    post(line(make.member(branch), day=MARCH))
    actor = make.actor(secretary)
    with transaction():
        services.sign(actor, branch.id, 2026, 8, since=branch.valid_from, seen=1)
    enqueue_due()
    assert told() == []
    with transaction():  # it has members: it signs that nothing was posted, as the dashboard asks
        hours.refresh_years([other_secretary.id], 2026)
    enqueue_due()
    assert told() == [f"{other.name}：2026 年 08 月台账还没有签审"]
