"""The tree of units, the people in it, and their dated ties; `valid_until` is the first day after."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pbtrain.accounts.models import Account, new_pseudonym_key
from pbtrain.core import clock
from pbtrain.core.db import Model


class Unit(Model):
    """A node of the organisation: committee, branch, academy. Its place in the tree is a dated UnitLink."""

    name: Mapped[str] = mapped_column(String(100))
    code: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(20))  # a key of kinds.UNIT_KINDS
    field: Mapped[str] = mapped_column(String(20), default="")  # a key of kinds.FIELDS
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)  # today's
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]

    parent: Mapped["Unit | None"] = relationship(remote_side="Unit.id")


class UnitLink(Model):
    """Under which parent a unit stood, from day to day: the history behind `Unit.parent_id`."""

    __table_args__ = (Index(None, "unit_id", "valid_from"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class UnitName(Model):
    """What a unit was called, from day to day: the history behind `Unit.name`."""

    __table_args__ = (Index(None, "unit_id", "valid_from"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    name: Mapped[str] = mapped_column(String(100))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class UnitKindSpan(Model):
    """What kind a unit was until it changed; only of units that changed, and never today's kind."""

    __table_args__ = (Index(None, "unit_id", "valid_from"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    kind: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[date]
    valid_until: Mapped[date]


class UnitSuccession(Model):
    """Which unit took over from which: units were merged, one was split, or one turned into a unit without
    members and a branch below it took them over."""

    from_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    to_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))  # merge split turned
    on_day: Mapped[date]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)


class Academy(Model):
    """What an academy's unit has beside a unit: whom it serves, and its seal."""

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), unique=True)
    service_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))  # its area: this and below
    seal: Mapped[str | None] = mapped_column(String(64))  # SHA-256 of the stored picture


class UnitClosure(Model):
    """Today's tree: `below_id` stands in or below `above_id`, `depth` steps down (0: itself)."""

    __table_args__ = (
        Index("uq_unit_closure_pair", "above_id", "below_id", unique=True),
        Index(None, "below_id", "depth"),
    )

    above_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    below_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    depth: Mapped[int]


class UnitCount(Model):
    """Who stands in a unit and below it, and what waits there: regrouped on a schedule, its age shown."""

    __table_args__ = (
        Index("ix_unit_count_leaderless", "unit_id", sqlite_where=text("leaderless > 0"),
              postgresql_where=text("leaderless > 0")),
    )  # fmt: skip

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), unique=True)
    members: Mapped[int] = mapped_column(default=0)  # on the roster, of any stage
    asleep: Mapped[int] = mapped_column(default=0)  # of them without an active login
    branches: Mapped[int] = mapped_column(default=0)
    leaderless: Mapped[int] = mapped_column(default=0)  # branches where nobody may record
    acting: Mapped[int] = mapped_column(default=0)  # branches where somebody only acts
    refreshed_at: Mapped[datetime]


class Member(Model):
    """A person on the roster. Personal columns are emptied when the person is erased; the row stays."""

    __table_args__ = (
        Index(None, "unit_id", "pinyin", "id"),
        Index(None, "pinyin", "id"),  # lists of a large part of the roster
        Index(None, "phone"),
        Index(None, "name", "born_on"),  # rosters without numbers find a person by these
    )

    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), unique=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))  # today's branch, from Affiliation
    name: Mapped[str] = mapped_column(String(60))
    pinyin: Mapped[str] = mapped_column(String(200), default="")  # for search and order
    sex: Mapped[str] = mapped_column(String(1), default="")  # "M", "F" or unknown
    born_on: Mapped[date | None]
    joined_on: Mapped[date | None]
    stage: Mapped[str] = mapped_column(String(12), default="full")  # a key of kinds.STAGES
    category: Mapped[str] = mapped_column(String(20), default="")
    phone: Mapped[str | None] = mapped_column(String(20))
    id_number: Mapped[bytes | None] = mapped_column(LargeBinary)  # encrypted
    id_lookup: Mapped[str | None] = mapped_column(String(64), unique=True)  # keyed hash, to find it by
    id_shown: Mapped[str] = mapped_column(String(18), default="")  # 150102********1231
    code: Mapped[str] = mapped_column(String(32), unique=True)  # our own number of the member
    pseudonym_key: Mapped[bytes | None] = mapped_column(LargeBinary(16), default=new_pseudonym_key)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    left_on: Mapped[date | None]  # died, left, suspended: no target from this day
    flow: Mapped[str] = mapped_column(String(3), default="")  # "in" or "out": 流动党员
    flow_place: Mapped[str] = mapped_column(String(100), default="")  # from where, or where to
    erased_at: Mapped[datetime | None]

    account: Mapped[Account | None] = relationship()
    unit: Mapped[Unit | None] = relationship()


class Affiliation(Model):
    """In which branch a member stood, from day to day. A transfer closes one and opens the next."""

    __table_args__ = (
        CheckConstraint("valid_until IS NULL OR valid_until > valid_from", name="forward"),
        Index("uq_affiliation_one_open", "member_id", unique=True, sqlite_where=text("valid_until IS NULL"),
              postgresql_where=text("valid_until IS NULL")),
        Index(None, "member_id", "valid_from"),
        Index(None, "unit_id", "valid_from"),
    )  # fmt: skip

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class Post(Model):
    """A dated post: 书记, 副书记, 委员, 轮值书记. It sets the target of those days and may bring a role."""

    __table_args__ = (Index(None, "member_id", "valid_from"), Index(None, "unit_id", "valid_from"))

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    kind: Mapped[str] = mapped_column(String(20))  # a key of kinds.POSTS
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class CareSpan(Model):
    """Days on the care list (条例 Art. 23): no target, never a failure; the reason is the secretary's."""

    __table_args__ = (Index(None, "member_id", "valid_from"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    reason: Mapped[str] = mapped_column(String(200), default="")
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class StatusSpan(Model):
    """Days as a cadre, whose training has an account of its own, or suspended or abroad: nothing is asked."""

    __table_args__ = (Index(None, "member_id", "valid_from"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(String(20))  # a key of kinds.STATUSES
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class DataReport(Model):
    """A member says that something recorded about them is wrong (信息有误); the secretary answers."""

    __table_args__ = (Index(None, "unit_id", "state", "id"), Index(None, "member_id", "id"))

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))  # the branch whose secretary answers
    subject: Mapped[str] = mapped_column(String(20))  # which fact: a key of kinds.REPORTABLE
    text: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(8), default="open")  # open mended kept
    answer: Mapped[str] = mapped_column(String(500), default="")
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]


class RoleGrant(Model):
    """This account holds this role in this unit, for these days. A grant of a post has the post's dates."""

    __table_args__ = (Index(None, "account_id", "role"), Index(None, "unit_id", "role"))

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    role: Mapped[str] = mapped_column(String(20))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"), index=True)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class RosterImport(Model):
    """One uploaded roster: its file's hash, its state, and the counts of its preview."""

    __table_args__ = (Index(None, "unit_id", "id"), Index(None, "file_hash"))

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))  # whose subtree the rows may name
    actor_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    file_name: Mapped[str] = mapped_column(String(200))
    file_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(12), default="reading")  # preview written refused cancelled
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    refusal: Mapped[str] = mapped_column(String(2000), default="")  # [msgid, params], JSON
    remarks: Mapped[str] = mapped_column(
        String(4000), default=""
    )  # what was normalised or ignored: a list of them
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    read_at: Mapped[datetime | None]
    written_at: Mapped[datetime | None]
    written_rows: Mapped[int] = mapped_column(default=0)
    undone_at: Mapped[datetime | None]


class RosterRow(Model):
    """A staged row of an upload: what the file says, what would happen, and why not."""

    __table_args__ = (
        Index("uq_roster_row_line", "import_id", "line", unique=True),
        Index(None, "import_id", "outcome", "line"),
    )

    import_id: Mapped[int] = mapped_column(ForeignKey("roster_import.id", ondelete="CASCADE"))
    line: Mapped[int]  # the row's number in the sheet
    name: Mapped[str] = mapped_column(String(60), default="")  # as far as it could be read, to search by
    outcome: Mapped[str] = mapped_column(String(12))  # new changed same transfer refused
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))  # of a new line: by its code
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    values_json: Mapped[str] = mapped_column(String)  # the cleaned values, JSON
    changes_json: Mapped[str] = mapped_column(String, default="")  # {"phone": ["old", "new"]}
    errors_json: Mapped[str] = mapped_column(String, default="")  # [["phone", msgid, params]]


class RosterCopy(Model):
    """A roster given out with full numbers: open until somebody says that the file is deleted."""

    __table_args__ = (
        Index("ix_roster_copy_open", "due_on", "id", sqlite_where=text("deleted_at IS NULL"),
              postgresql_where=text("deleted_at IS NULL")),
    )  # fmt: skip

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))  # this and all below
    taken_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(String(200))
    people: Mapped[int]
    taken_at: Mapped[datetime] = mapped_column(default=clock.now)
    due_on: Mapped[date]  # the last day on which the file may be there
    deleted_at: Mapped[datetime | None]
    deleted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
