"""Certificates: what they look like, who is given one, and making one hold no longer.

Whether the rule is met is asked again inside the transaction that gives the number, against attendance and
ledger as they are then. Whoever calls has made sure that the academy is in reach.
"""

import secrets
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import or_, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.classes.models import Certificate, CertificateStyle, TrainingClass
from pbtrain.classes.queries import certificates as queries
from pbtrain.classes.queries.certificates import Learner
from pbtrain.classes.rules import completion
from pbtrain.core import clock
from pbtrain.core.db import UNKEYED, db, insert_new
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.formatting import long_day
from pbtrain.core.images import Picture, keep
from pbtrain.core.marks import N_
from pbtrain.events.models import Guest
from pbtrain.hours.rulebook import rulebook
from pbtrain.hours.rules import check_reason
from pbtrain.org.access import Actor
from pbtrain.org.models import Unit

MOST = 2000  # certificates given in one transaction
NO_STYLE = N_("Say first what the certificates of the academy look like.")
REVOKED = N_("%(name)s has revoked this certificate already, at %(when)s.")
STYLE_RACE = N_("%(name)s has changed the certificates at %(when)s. Look at them and change them again.")


def save_style(
    actor: Actor,
    unit_id: int,
    *,
    version: int,
    values: dict[str, Any],
    signature: tuple[Picture, str] | None = None,
    without_signature: bool = False,
) -> None:
    """What the academy's certificates look like from now on; those given already stay as they are.

    Conflict when somebody changed it since `version` (0: there was none) was read.
    """
    told = {name: values[name] for name in ("title", "body", "signer", "series", "valid_years")}
    told["title"] = told["title"] or completion.TITLE
    told["body"] = completion.check_text(told["body"] or completion.BODY, "body")
    told["series"] = completion.check_series(told["series"] or completion.SERIES)
    if signature is not None:
        told["signature"] = keep(*signature, unit_id=unit_id, made_by_id=actor.account_id).sha256
    elif without_signature:
        told["signature"] = None
    if version:
        done = db.session.execute(
            update(CertificateStyle)
            .where(CertificateStyle.unit_id == unit_id, CertificateStyle.version == version)
            .values(**told, version=version + 1)
            .returning(CertificateStyle.id)
        ).first()
    else:
        new = insert_new(CertificateStyle).values(unit_id=unit_id, last=0, version=1, **told)
        done = db.session.execute(new.returning(CertificateStyle.id)).first()
    if done is None:
        otherwise = N_("The certificates have been changed meanwhile. Look at them and change them again.")
        raise races.lost_to(STYLE_RACE, otherwise, f"unit:{unit_id}", "certificate.style")
    audit.record(actor, "certificate.style", f"unit:{unit_id}", unit_id=unit_id, title=told["title"])


def issue(actor: Actor, class_id: int, only: Collection[int] = (), *, again: bool = False) -> list[int]:
    """Give a certificate to everybody of a closed class who has finished it and holds none; their ids.

    `only`: to these enrolments, and RuleError naming the condition where one of them has not finished it;
    `again`: of these, the certificate that stands was revoked just now. The style row is locked first, so
    numbers have neither gaps nor twins, whoever else gives some.
    """
    row = _closed(class_id)
    style = db.session.scalars(
        select(CertificateStyle).where(CertificateStyle.unit_id == row.unit_id).with_for_update(**UNKEYED)
    ).first()
    if style is None:
        raise RuleError(NO_STYLE)
    people = queries.learners(row, tuple(only))
    if only:
        _check(people, only)
    given = [one for one in people if one.met and one.certificate_id is None][:MOST]
    if not given:
        return []
    today = clock.today()
    made = [
        Certificate(
            unit_id=row.unit_id,
            class_id=class_id,
            enrolment_id=one.enrolment_id,
            member_id=one.member_id,
            guest_id=one.guest_id,
            kind=one.kind,
            number=completion.numbered(style.series, today.year, number),
            code=secrets.token_urlsafe(16),
            facts=facts,
            valid_until=completion.valid_until(today, style.valid_years),
            issued_on=today,
            issued_by_id=actor.account_id,
        )
        for number, (one, facts) in enumerate(_facts(row, style, given), style.last + 1)
    ]
    style.last += len(made)
    db.session.add_all(made)
    db.session.flush()  # the trail names them
    audit.record(
        actor, "certificate.issued", f"class:{class_id}", unit_id=row.unit_id,
        first=made[0].number, count=len(made), again=again,
    )  # fmt: skip
    return [one.id for one in made]


def _closed(class_id: int) -> TrainingClass:
    row = db.session.get(TrainingClass, class_id, populate_existing=True)
    if row is None or row.state != "closed":
        raise RuleError(N_("Certificates are given when the class is finished."))
    return row


def _check(people: list[Learner], only: Collection[int]) -> None:
    """RuleError for the first of these who is not to be given one."""
    if len(people) < len(set(only)):
        raise Conflict(N_("One of these people does not take part in the class any more."))
    for one in people:
        if one.certificate_id is not None:
            raise Conflict(
                N_("%(name)s has been given certificate %(number)s meanwhile."),
                name=one.name,
                number=one.number,
            )
        lacks = next((each for each in one.conditions if not each.met), None)
        if lacks is not None:
            raise RuleError(N_("%(name)s has not finished the class; the list says what is lacking."),
                            name=one.name)  # fmt: skip
        if not one.met:
            raise RuleError(N_("%(name)s did not take part to the end."), name=one.name)


def _facts(
    row: TrainingClass, style: CertificateStyle, given: list[Learner]
) -> Iterator[tuple[Learner, dict[str, Any]]]:
    """Each with what the certificate will say for good."""
    academy = db.session.scalar(select(Unit.name).where(Unit.id == row.unit_id)) or ""
    credits = queries.credits_of(row)
    per_hour = rulebook([row.unit_id]).on(row.unit_id, row.starts_on)
    term = f"{row.year}年第{row.number}期" if row.year else f"第{row.number}期"
    shared = {
        "academy": academy,
        "class": row.title if "“" in row.title else f"“{row.title}”",
        "term": term,
        "from": long_day(row.starts_on),
        "until": long_day(row.ends_on),
        "seal": queries.seal_of(row.unit_id),
        "signer": style.signer,
        "signature": style.signature or "",
    }
    for one in given:
        credit = credits.get(one.member_id or 0, 0) if one.member_id is not None else 0
        if one.member_id is None:
            credit = per_hour.credit(row.activity, one.attended.study)
        facts = shared | {"name": one.name, "unit": one.unit_name, "credit": credit}
        own = one.kind == "certificate"
        body = (style.body or completion.BODY) if own else completion.GUEST_BODY
        body = completion.of_days(body, one=row.starts_on == row.ends_on)
        facts["text"] = completion.filled(body, facts | {"hours": completion.shown(credit)})
        facts["title"] = (style.title or completion.TITLE) if own else completion.GUEST_TITLE
        yield one, facts


def revoke(actor: Actor, certificate_id: int, *, reason: str) -> int:
    """From now on its page says that it no longer holds; returns the enrolment. Conflict for the second."""
    reason = check_reason(reason)
    done = db.session.execute(
        update(Certificate)
        .where(Certificate.id == certificate_id, Certificate.revoked_at.is_(None))
        .values(revoked_at=clock.now(), revoked_by_id=actor.account_id, revoked_why=reason)
        .returning(Certificate.unit_id, Certificate.enrolment_id)
        .execution_options(synchronize_session=False)
    ).first()
    if done is None:
        by, at = db.session.execute(
            select(Certificate.revoked_by_id, Certificate.revoked_at).where(Certificate.id == certificate_id)
        ).one()
        raise races.lost(REVOKED, N_("This certificate has been revoked meanwhile."), by, at)
    audit.record(
        actor, "certificate.revoked", f"certificate:{certificate_id}", unit_id=done.unit_id, reason=reason
    )
    return int(done.enrolment_id)


def reissue(actor: Actor, certificate_id: int, class_id: int, *, reason: str) -> list[int]:
    """Revoke it and give a new one with a new number at once; refused where the rule is not met."""
    return issue(actor, class_id, (revoke(actor, certificate_id, reason=reason),), again=True)


def look(session: Any, certificate_id: int, unit_id: int, visitor: str) -> None:
    """Keep that somebody opened the page, the address only as a keyed hash; in a transaction apart."""
    audit.record(
        None, "certificate.looked", f"certificate:{certificate_id}", unit_id=unit_id, session=session,
        visitor=visitor,
    )  # fmt: skip


def forget(member_id: int) -> None:
    """What certificates say of somebody whose data is erased goes, of those given to them as a guest as well;
    they hold no longer."""
    as_guest = select(Guest.id).where(Guest.member_id == member_id)
    whose = or_(Certificate.member_id == member_id, Certificate.guest_id.in_(as_guest))
    rows = db.session.scalars(select(Certificate).where(whose).order_by(Certificate.id)).all()
    for row in rows:
        row.facts = {**row.facts, "name": "", "unit": "", "text": ""}
        row.revoked_at = row.revoked_at or clock.now()
        row.revoked_why = ""
