"""How many statements a page takes: as many with 10 rows as with 100 or 1,000, and never more than eight.

Home (6), heartbeat (4), posting (10) and submitting a quiz (8) are counted beside their features.
"""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.events import services as events
from pbtrain.hours import figures
from pbtrain.hours import services as hours
from pbtrain.hours.services import Line
from pbtrain.notify import services as notify
from pbtrain.org.models import Affiliation, DataReport, Member
from pbtrain.org.roles import Role

SIZES, THOUSAND, MOST = (10, 100), 1000, 8
DAY = date(2026, 9, 1)


class Site:
    """A committee, a branch and an academy, and ways to fill their lists."""

    def __init__(self, make) -> None:
        self.make = make
        self.committee = make.ruled(since=2026)
        self.branch = make.unit(parent=self.committee)
        self.academy = make.unit(parent=self.committee, kind="academy")
        self.member = make.member(self.branch)
        self.secretary = make.person(Role.BRANCH_SECRETARY, self.branch)
        self.admin = make.person(Role.UNIT_ADMIN, self.committee)
        self.system_admin = make.person(Role.SYSTEM_ADMIN, self.committee)
        self.author = make.person(Role.ACADEMY_ADMIN, self.academy)
        self.done = 0

    def members(self, count):
        numbers = range(self.done, self.done + count)
        with transaction() as session:
            people = [
                Member(unit_id=self.branch.id, name=f"示例{n}", pinyin=f"shi li {n:05}", code=f"S{n:05}")
                for n in numbers
            ]
            session.add_all(people)
            session.flush()  # their ids
            since = date(2020, 1, 1)
            rows = [{"member_id": one.id, "unit_id": one.unit_id, "valid_from": since} for one in people]
            session.execute(insert(Affiliation), rows)
            hours.refresh_years([one.id for one in people], 2026)
        self.done += count

    def units(self, count):
        for _ in range(count):
            self.make.unit(parent=self.committee)
        figures.refresh()  # as the scheduler does: a tree of a hundred is not added up at each look

    def courses(self, count):
        for _ in range(count):
            self.make.course(self.academy, lessons=1)

    def meetings(self, count):
        actor = self.make.actor(self.secretary)
        with transaction():
            for number in range(self.done, self.done + count):
                begun = clock.at(DAY + timedelta(days=number // 20), 2) + timedelta(
                    minutes=30 * (number % 20)
                )
                meeting = events.Meeting(self.branch.id, "theme_day", "示例学习", begun, 20)
                events.record_event(actor, meeting, [self.member.id], form_id=str(uuid4()))
        self.done += count

    def reports(self, count):
        """Members say that something is wrong; the one who looks at an own list has some too."""
        whose = [self.member.id, *(self.make.member(self.branch).id for _ in range(count))]
        self.make.save(
            *[
                DataReport(member_id=one, unit_id=self.branch.id, subject="name", text="示例")
                for one in whose * 2
            ]
        )

    def lines(self, count):
        with transaction():
            hours.post_many(
                None,
                [
                    Line(self.member.id, DAY, "self_study", 10, f"line:{number}", "示例自学")
                    for number in range(self.done, self.done + count)
                ],
            )
        self.done += count

    def overlaps(self, count):
        """Lines that wait for a decision: each overlaps the first."""
        with transaction():
            for number in range(self.done, self.done + count):
                begun = clock.at(DAY, 9)
                line = Line(
                    self.member.id, DAY, "theme_day", 60, f"event:{1000 + number}", "示例重叠",
                    starts_at=begun, ends_at=begun + timedelta(hours=1),
                )  # fmt: skip
                hours.post_many(None, [line])
        self.done += count

    def messages(self, count):
        to = self.member.account_id
        numbers = range(self.done, self.done + count)
        with transaction():
            notify.enqueue_many([notify.Note(to, f"x:{number}", "示例提醒", "示例") for number in numbers])
        self.done += count


@pytest.fixture
def site(make, frozen):
    return Site(make)


LISTS = (
    ("admin", "/units/{committee}", "units"),
    ("admin", "/units/{committee}/members", "members"),
    ("admin", "/units/{committee}/hours", "units"),
    ("admin", "/units/{branch}/slips", "members"),
    ("admin", "/accounts", "members"),
    ("admin", "/wrong-data", "reports"),
    ("secretary", "/wrong-data", "reports"),
    ("member", "/me/data", "reports"),
    ("secretary", "/branches/{branch}/members", "members"),
    ("secretary", "/branches/{branch}/remind", "members"),
    ("secretary", "/branches/{branch}/reports/ledger", "members"),
    ("secretary", "/events", "meetings"),
    ("secretary", "/held", "overlaps"),
    ("secretary", "/events/new/people?unit={branch}&activity=theme_day&title=示例学习&day=2026-09-24"
                  "&time=09:00&minutes=90", "members"),
    ("member", "/hours", "lines"),
    ("member", "/courses/", "courses"),
    ("member", "/inbox", "messages"),
    ("author", "/courses/manage", "courses"),
    ("secretary", "/reports", "members"),
    ("admin", "/reports", "units"),
    ("admin", "/leaders", "units"),
    ("admin", "/asleep", "units"),
    ("admin", "/terms", "units"),
    ("admin", "/roster", "units"),
    ("admin", "/units/{committee}/claims", "overlaps"),
    ("admin", "/units/{committee}/years/2026", "units"),
    ("admin", "/units/{committee}/years/2025/ready", "units"),
)  # fmt: skip
QUICK = ("members", "messages")  # filled by the thousand in a second


@pytest.mark.parametrize(("who", "path", "fill"), LISTS, ids=[path.split("?")[0] for _, path, _ in LISTS])
def test_a_list_takes_as_many_statements_with_a_thousand_rows_as_with_ten(
    site, client_for, statements, who, path, fill
):
    client = client_for(getattr(site, who))
    path = path.format(committee=site.committee.id, branch=site.branch.id)
    counts, stand = [], 0
    for rows in (*SIZES, THOUSAND) if fill in QUICK else SIZES:
        getattr(site, fill)(rows - stand)
        stand = rows
        with statements() as sent:
            assert client.get(path).status_code == 200
        counts.append(sent.of_page.count)  # once a process in production
    assert len(set(counts)) == 1, counts
    assert counts[0] <= MOST, str(sent)


def test_first_pages_do_not_grow_with_what_stands_behind_them(site, client_for, statements):
    counts = {}
    for rows in (10, 50):
        for fill in (site.members, site.courses, site.lines, site.messages):
            fill(rows)
        for who in ("member", "secretary", "admin", "system_admin", "author"):
            client = client_for(getattr(site, who))
            with statements() as sent:
                assert client.get("/").status_code == 200
            counts.setdefault(who, []).append(sent.of_page.count)
    assert all(few == many <= 6 for few, many in counts.values()), counts
