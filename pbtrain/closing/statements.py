"""Signed statements of hours (domain.md A104): made, looked up by their code, revoked. Part of the services.

The code is 128 random bits that only the paper holds; a keyed hash of it is stored, and neither the code nor
the paper is. Every look at a statement is kept, the visitor only as a keyed hash, and shown to the member.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select, update

from pbtrain.accounts import races
from pbtrain.accounts.models import Account
from pbtrain.audit import services as audit
from pbtrain.closing import paper, rules
from pbtrain.closing.models import Statement, StatementLook
from pbtrain.core import clock, crypto, repeats
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.formatting import hours as shown
from pbtrain.core.formatting import long_day
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.hours import queries
from pbtrain.hours.rules import check_reason
from pbtrain.org.access import Actor
from pbtrain.org.models import Member, Unit

REVOKED = N_("%(name)s has revoked this statement already, at %(when)s.")


@dataclass(frozen=True)
class Draft:
    """A statement before it is kept: what it says, the hash of its code, and the paper."""

    member_id: int
    unit_id: int
    since: date
    until: date
    facts: dict[str, Any]
    code_hash: str
    pdf: bytes


def draft(member_id: int, since: date, until: date, *, address: Callable[[str], str], site: str) -> Draft:
    """Put on paper what somebody studied from `since` to `until`, both included.

    `address` leads to the page of a code. Drawing takes a second: never inside a transaction. RuleError for a
    period that cannot be stated, or a person without a branch.
    """
    rules.check_period(since, until, clock.today())
    member = db.session.execute(
        select(Member.name, Member.unit_id, Unit.name.label("unit_name"))
        .join(Unit, Unit.id == Member.unit_id)
        .where(Member.id == member_id)
    ).first()
    if member is None:
        raise RuleError(N_("This person is in no branch."))
    code = secrets.token_urlsafe(16)
    facts = {"name": member.name, "unit": member.unit_name, **studied(member_id, since, until)}
    db.session.rollback()  # nothing is held while the paper is drawn
    pdf = paper.drawn(_words(facts, since, until, address(code), site))
    return Draft(member_id, member.unit_id, since, until, facts, crypto.lookup(code, "statement"), pdf)


def keep(actor: Actor, made: Draft) -> int:
    """From now on the code on the paper leads to a page; returns the statement's id. Conflict when the person
    was erased, or is called otherwise, since it was drawn."""
    repeats.alone_in(Member, made.member_id)
    if db.session.scalar(select(Member.name).where(Member.id == made.member_id)) != made.facts["name"]:
        raise Conflict(N_("What is known of this person has just changed. Make the statement once more."))
    row = Statement(
        member_id=made.member_id,
        unit_id=made.unit_id,
        since=made.since,
        until=made.until,
        code_hash=made.code_hash,
        facts=made.facts,
        digest=hashlib.sha256(made.pdf).hexdigest(),
        made_by_id=actor.account_id,
    )
    db.session.add(row)
    db.session.flush()  # the audit event names row.id
    audit.record(
        actor, "statement.made", f"statement:{row.id}", unit_id=made.unit_id, member_id=made.member_id
    )
    return row.id


def studied(member_id: int, since: date, until: date) -> dict[str, int]:
    """What counts of somebody's lines in a period, in hundredths, self-study apart as far as it does not
    count; and how many lines. Years without a line need no rules."""
    found = {"counted": 0, "self_study": 0, "lines": 0}
    with_lines = [year for year, sums in queries.years_of(member_id).items() if sums.entries]
    for year in sorted({*range(since.year, until.year + 1)} & {*with_lines}):
        rules_of_year = queries.year_of(member_id, year)
        if rules_of_year is None:
            continue
        first, last = max(since, date(year, 1, 1)), min(until, date(year, 12, 31))
        judged = queries.judged(rules_of_year, first, last)
        counted = {verdict.entry_id: verdict.counted for verdict in judged.assessment.verdicts}
        for line in judged.lines:
            if first <= line.day <= last:
                alone = rules_of_year.policy.on(line.day).mode(line.activity, line.mode) == "self"
                found["lines"] += 1
                found["counted"] += counted[line.id]
                found["self_study"] += line.credit - counted[line.id] if alone else 0
    return found


def _words(facts: dict[str, Any], since: date, until: date, address: str, site: str) -> paper.Words:
    """The sentences of the paper, in Chinese whoever makes it."""
    period = in_chinese(N_("from %(first)s to %(last)s"), first=long_day(since), last=long_day(until))
    rows = [
        (in_chinese(N_("Name")), facts["name"]),
        (in_chinese(N_("Branch")), facts["unit"]),
        (in_chinese(N_("Period")), period),
        (
            in_chinese(N_("Hours that count")),
            in_chinese(N_("%(hours)s hours"), hours=shown(facts["counted"])),
        ),
        (
            in_chinese(N_("Self-study, apart")),
            in_chinese(N_("%(hours)s hours"), hours=shown(facts["self_study"])),
        ),
        (in_chinese(N_("Lines of the ledger")), str(facts["lines"])),
        (in_chinese(N_("Made on")), long_day(clock.today())),
    ]
    return paper.Words(
        title=in_chinese(N_("Statement of study hours")),
        number=site,
        rows=tuple(rows),
        remarks=(in_chinese(N_("Taken from the ledger of the branch as it stood on the day of making.")),),
        signatures=(in_chinese(N_("Branch (seal)")), in_chinese(N_("Secretary (signature)"))),
        proof=in_chinese(
            N_(
                "Scan to see whether this statement is genuine and still holds. The page shows part of the "
                "name, the branch, the period and the hours."
            )
        ),
        address=address,
        made_on=clock.today(),
    )


def by_code(code: str) -> Any:
    """The statement with this code, or None: what its public page may tell."""
    return db.session.execute(
        select(
            Statement.id,
            Statement.since,
            Statement.until,
            Statement.facts,
            Statement.digest,
            Statement.made_at,
            Statement.revoked_at,
        ).where(Statement.code_hash == crypto.lookup(code, "statement"))
    ).first()


def look(session: Any, statement_id: int, visitor: str) -> None:
    """Keep that somebody looked, before they are shown anything; in a transaction apart."""
    session.add(
        StatementLook(statement_id=statement_id, visitor=crypto.lookup(visitor, "statement.visitor")[:16])
    )


def listed(member_id: int) -> Select[Any]:
    """A member's statements, the newest first, with how often and when they were looked at."""
    looks = (
        select(
            StatementLook.statement_id, func.count().label("looks"), func.max(StatementLook.at).label("last")
        )
        .group_by(StatementLook.statement_id)
        .subquery()
    )
    return (
        select(
            Statement.id,
            Statement.since,
            Statement.until,
            Statement.facts,
            Statement.made_at,
            Statement.revoked_at,
            Statement.reason,
            Account.name.label("maker"),
            func.coalesce(looks.c.looks, 0).label("looks"),
            looks.c.last,
        )
        .outerjoin(looks, looks.c.statement_id == Statement.id)
        .outerjoin(Account, Account.id == Statement.made_by_id)
        .where(Statement.member_id == member_id)
        .order_by(Statement.id.desc())
    )


def forget(member_id: int) -> None:
    """What statements say of somebody whose data is erased goes too; their papers hold no longer."""
    db.session.execute(
        update(Statement)
        .where(Statement.member_id == member_id)
        .values(
            facts={"name": "", "unit": "", "counted": 0, "self_study": 0, "lines": 0},
            reason="",
            revoked_at=func.coalesce(Statement.revoked_at, clock.now()),
        )
        .execution_options(synchronize_session=False)
    )


def revoke(actor: Actor, statement_id: int, *, reason: str) -> None:
    """From now on its page says that it no longer holds. Conflict when somebody revoked it meanwhile."""
    reason = check_reason(reason)
    done = db.session.execute(
        update(Statement)
        .where(Statement.id == statement_id, Statement.revoked_at.is_(None))
        .values(revoked_at=clock.now(), revoked_by_id=actor.account_id, reason=reason)
        .returning(Statement.unit_id)
        .execution_options(synchronize_session=False)
    ).first()
    if done is None:
        by, at = db.session.execute(
            select(Statement.revoked_by_id, Statement.revoked_at).where(Statement.id == statement_id)
        ).one()
        raise races.lost(REVOKED, N_("This statement has been revoked meanwhile."), by, at)
    audit.record(actor, "statement.revoked", f"statement:{statement_id}", unit_id=done.unit_id, reason=reason)
