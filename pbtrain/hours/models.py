"""What is stored of hours. Entries are never updated or deleted: triggers in both databases refuse it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import BigId, Micros, Model


class Policy(Model):
    """The rules of a year for a unit and all below it; a published version never changes."""

    __table_args__ = (Index("uq_policy_version", "unit_id", "year", "version", unique=True),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    year: Mapped[int]  # first year it is for; holds until a later one
    version: Mapped[int]
    effective_on: Mapped[date | None]  # first day it is for; None: 1 January of `year`
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    published_at: Mapped[datetime] = mapped_column(default=clock.now)
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Book(Model):
    """One branch's ledger for one year: how many lines, their raw sums, the hash of the last, the seal."""

    __table_args__ = (
        Index("uq_book_unit_year", "unit_id", "year", unique=True),
        CheckConstraint("entries >= 0", name="entries_not_negative"),
    )

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    year: Mapped[int]
    entries: Mapped[int] = mapped_column(default=0)
    person_times: Mapped[int] = mapped_column(default=0)  # 人次: +1 a line, -1 a reversal
    minutes: Mapped[int] = mapped_column(default=0)
    credit: Mapped[int] = mapped_column(default=0)  # hundredths, lines of this year
    prior_credit: Mapped[int] = mapped_column(default=0)  # hundredths, corrections of sealed years
    head: Mapped[str] = mapped_column(String(64))  # at first chain.genesis(unit_id, year)
    sealed_at: Mapped[datetime | None]
    seal: Mapped[str | None] = mapped_column(String(64))


class HourEntry(Model):
    """One line of a book, chained to the line before it. Its id follows from book and number (`chain.py`)."""

    __table_args__ = (
        Index("uq_hour_entry_book_seq", "book_id", "seq", unique=True),
        Index(None, "member_id", "credit_year", "id"),
        Index(None, "book_id", "day", "id"),
        CheckConstraint("seq > 0", name="seq_positive"),
        CheckConstraint("minutes <> 0 AND credit * minutes >= 0", name="same_sign"),
        CheckConstraint("(reverses_id IS NULL) = (minutes > 0)", name="only_reversals_negative"),
        CheckConstraint("abs(minutes) <= 1440", name="within_a_day"),
        CheckConstraint("mode IN ('group', 'self')", name="mode"),
        CheckConstraint("proof IN ('A', 'B', 'C', 'D')", name="proof"),
    )

    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    seq: Mapped[int]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    person: Mapped[str] = mapped_column(String(32))  # pseudonym of the member
    day: Mapped[date]
    starts_at: Mapped[datetime | None] = mapped_column(Micros)
    ends_at: Mapped[datetime | None] = mapped_column(Micros)
    credit_year: Mapped[int]
    activity: Mapped[str] = mapped_column(String(32))  # a key of activities.ACTIVITIES
    channel: Mapped[str] = mapped_column(String(16))
    mode: Mapped[str] = mapped_column(String(8))  # group (集中) or self (自学)
    minutes: Mapped[int]
    credit: Mapped[int]  # hundredths of a 学时
    policy_id: Mapped[int] = mapped_column(ForeignKey("policy.id"))
    proof: Mapped[str] = mapped_column(String(1))
    reverses_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("hour_entry.id"), unique=True)
    source: Mapped[str] = mapped_column(String(120), unique=True)  # "event:12/member:7#1"
    title: Mapped[str] = mapped_column(String(200))  # of the occasion
    note: Mapped[str] = mapped_column(String(300), default="")  # why it was reversed
    posted_by: Mapped[str] = mapped_column(String(32))  # pseudonym of the actor
    posted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    posted_at: Mapped[datetime] = mapped_column(Micros)
    prev: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class MemberYear(Model):
    """A member's year: raw sums per mode and proof level, kept by trigger, and what `assess` made of them."""

    __table_args__ = (
        Index("uq_member_year", "member_id", "credit_year", unique=True),
        Index(None, "custody_unit_id", "credit_year"),
    )

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    credit_year: Mapped[int]
    entries: Mapped[int] = mapped_column(default=0)
    minutes: Mapped[int] = mapped_column(default=0)
    group_a: Mapped[int] = mapped_column(default=0)
    group_b: Mapped[int] = mapped_column(default=0)
    group_c: Mapped[int] = mapped_column(default=0)
    group_d: Mapped[int] = mapped_column(default=0)
    self_a: Mapped[int] = mapped_column(default=0)
    self_b: Mapped[int] = mapped_column(default=0)
    self_c: Mapped[int] = mapped_column(default=0)
    self_d: Mapped[int] = mapped_column(default=0)
    counted: Mapped[int] = mapped_column(default=0)  # cache: hundredths that count toward the target
    target: Mapped[int] = mapped_column(default=0)  # cache: hundredths owed for the whole year
    due: Mapped[int] = mapped_column(default=0)  # cache: hundredths owed by `due_on`
    due_on: Mapped[date | None]
    on_care: Mapped[bool] = mapped_column(default=False)  # cache: on the care list on `due_on`
    lacks_class: Mapped[bool] = mapped_column(default=False, server_default=false())  # cache: at least one
    # 集中培训 is asked, and none stands in the ledger
    custody_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))  # today's branch
    sealed_counted: Mapped[int | None]  # hundredths, as they stood when the year was sealed
    sealed_target: Mapped[int | None]
    corrections: Mapped[int] = mapped_column(default=0, server_default="0")  # hundredths counted since


class UnitYear(Model):
    """What the MemberYears and Books below a unit add up to: regrouped on a schedule, its age shown."""

    __table_args__ = (Index("uq_unit_year", "unit_id", "credit_year", unique=True),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    credit_year: Mapped[int]
    branches: Mapped[int] = mapped_column(default=0)
    met_branches: Mapped[int] = mapped_column(default=0, server_default="0")  # 达标 by the policy's met_share
    led_branches: Mapped[int] = mapped_column(default=0, server_default="0")  # all of whose leaders have met
    members: Mapped[int] = mapped_column(default=0)  # 人, by the branch of today, care list included
    met: Mapped[int] = mapped_column(default=0)
    behind: Mapped[int] = mapped_column(default=0)
    on_care: Mapped[int] = mapped_column(default=0)
    counted: Mapped[int] = mapped_column(BigInteger, default=0)  # hundredths
    waiting: Mapped[int] = mapped_column(default=0, server_default="0")  # claims and overlaps of that year
    person_times: Mapped[int] = mapped_column(default=0)  # 人次, by the branch of the day
    credit: Mapped[int] = mapped_column(BigInteger, default=0)  # hundredths given, by the branch of the day
    took_part: Mapped[int] = mapped_column(
        default=0, server_default="0"
    )  # 人 with at least one line that stands
    unsigned: Mapped[int] = mapped_column(
        default=0, server_default="0"
    )  # branches: the last month is not signed
    overdue: Mapped[int] = mapped_column(default=0, server_default="0")  # branches: past the day to sign it
    refreshed_at: Mapped[datetime]


class HourClaim(Model):
    """Hours that wait for a decision: what somebody claims, or (`held`) a line that overlaps another one or
    is the own one of whoever recorded it.

    Nobody approves their own hours: the database refuses it. Who decides on what they wrote themselves may
    approve up to `proxy_limit` only, which is the policy's of the day the claim was made.
    """

    __table_args__ = (
        Index("uq_hour_claim_one_held", "member_id", "occurrence", unique=True,
              sqlite_where=text("state = 'held'"), postgresql_where=text("state = 'held'")),
        Index(None, "unit_id", "state", "id"),
        Index(None, "member_id", "state", "id"),
        Index(None, "takeover_id", "id"),
        CheckConstraint("decided_by_member_id <> member_id", name="not_ones_own"),
        CheckConstraint("second_by_member_id <> member_id", name="not_ones_own_second"),
        CheckConstraint("second_by_id <> decided_by_id", name="two_pairs_of_eyes"),
        CheckConstraint(
            "kind = 'overlap' OR state <> 'approved' OR decided_by_id <> made_by_id OR credit <= proxy_limit",
            name="proxy_limit",
        ),
    )  # fmt: skip

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))  # the branch of that day
    kind: Mapped[str] = mapped_column(
        String(12), default="overlap", server_default="overlap"
    )  # a key of claims.rules.KINDS, or one of hours.rules.HELD
    state: Mapped[str] = mapped_column(String(10))  # a key of claims.rules.STATES, or `held`
    occurrence: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(200))
    activity: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(16))
    proof: Mapped[str] = mapped_column(String(1))
    day: Mapped[date]
    starts_at: Mapped[datetime | None] = mapped_column(Micros)
    ends_at: Mapped[datetime | None] = mapped_column(Micros)
    minutes: Mapped[int]  # as recorded
    uncovered: Mapped[int]  # minutes no other line covers: all that can be approved
    credit: Mapped[int] = mapped_column(default=0, server_default="0")  # hundredths, by the policy of the day
    proxy_limit: Mapped[int] = mapped_column(default=0, server_default="0")  # hundredths
    note: Mapped[str] = mapped_column(String(500), default="", server_default="")  # what the claimant says
    platform_id: Mapped[int | None] = mapped_column(ForeignKey("platform.id"))
    quantity: Mapped[int | None]  # what the platform counts: points, lessons
    host_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))  # the branch that was visited
    host_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # its secretary's word
    host_at: Mapped[datetime | None]
    takeover_id: Mapped[int | None] = mapped_column(ForeignKey("takeover.id"))
    form_id: Mapped[str | None] = mapped_column(String(36), unique=True)  # of the form that was sent
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    overlaps_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("hour_entry.id"))
    entry_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("hour_entry.id"))  # what it became
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    submitted_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_by_member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    decided_at: Mapped[datetime | None]
    second_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # above the policy's limit
    second_by_member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    second_at: Mapped[datetime | None]
    appeal_until: Mapped[date | None]  # last day on which a refusal can be appealed
    reason: Mapped[str] = mapped_column(String(300), default="")
