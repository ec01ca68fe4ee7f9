"""What tests of claims share: two branches with secretaries and a level above, pictures, and short ways."""

import io
from datetime import date
from types import SimpleNamespace
from uuid import uuid4

import pytest
from PIL import Image, ImageDraw
from sqlalchemy import select

from pbtrain.claims import deciding, evidence, services
from pbtrain.claims.models import Evidence
from pbtrain.claims.services import Wanted
from pbtrain.core.db import db, transaction
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.org.roles import Role
from tests.support.remembering import remembered

DAY = date(2026, 9, 2)


def picture(seed=0, kind="JPEG", size=(320, 240), **options):
    """A picture of its own for each seed: bright bars on a dark ground."""
    image = Image.new("RGB", size, (30 + seed * 7 % 60, 40, 60))
    draw = ImageDraw.Draw(image)
    for bar in range(8):
        left = (bar * 37 + seed * 53 * (bar + 1)) % size[0]
        draw.rectangle((left, (bar * 29 + seed * 17) % size[1], left + 40, size[1]), fill=(200, 20 * bar, 90))
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def piece(seed=0, name="答卷.jpg"):
    """A picture that was read."""
    return evidence.read(picture(seed), name)


def wanted(kind="paper", **fields):
    """90 minutes on paper unless told otherwise."""
    return Wanted(**{"kind": kind, "title": "条例答卷第 2 期", "day": DAY, "minutes": 90} | fields)


def make(actor, member=None, *pieces, form_id=None, **fields):
    """A draft of its own; returns its id."""
    with transaction():
        member_id = member.id if member is not None else actor.member_id
        return services.make(actor, member_id, wanted(**fields), pieces, form_id=form_id or str(uuid4()))[0]


def do(service, actor, claim_id, *args, **more):
    """One act on the claim as it stands now."""
    db.session.rollback()
    version = db.session.scalar(select(HourClaim.version).where(HourClaim.id == claim_id))
    with transaction():
        return service(actor, claim_id, version, *args, **more)


def handed_in(actor, member=None, *pieces, **fields):
    """A claim that waits."""
    claim_id = make(actor, member, *pieces, **fields)
    do(services.submit, actor, claim_id)
    return claim_id


def look_at_all(actor, claim_id):
    """This person has seen every picture of the claim."""
    with transaction() as session:
        for evidence_id in session.scalars(select(Evidence.id).where(Evidence.claim_id == claim_id)):
            evidence.look(actor.account_id, evidence_id, session)


def approve(actor, *claim_ids):
    """Approve the claims as they stand now, having looked at their pictures."""
    for claim_id in claim_ids:
        look_at_all(actor, claim_id)
    with transaction() as session:
        found = session.execute(
            select(HourClaim.id, HourClaim.version).where(HourClaim.id.in_(claim_ids))
        ).tuples()
        return deciding.approve(actor, list(found))


def claim(claim_id):
    """The row as the database has it."""
    db.session.rollback()
    return db.session.get(HourClaim, claim_id, populate_existing=True)


def entries():
    """The lines of the ledger, as they came."""
    db.session.rollback()
    return db.session.execute(
        select(HourEntry.minutes, HourEntry.credit, HourEntry.source, HourEntry.proof, HourEntry.channel)
        .order_by(HourEntry.id)
    ).all()  # fmt: skip


@pytest.fixture
@remembered
def place(make, frozen):
    """A committee with a policy, a branch with secretary and member, another branch, and those above."""
    root = make.ruled()
    branch, other = make.unit(parent=root), make.unit(parent=root)
    return SimpleNamespace(
        root=root,
        branch=branch,
        other=other,
        secretary=make.actor(make.person(Role.BRANCH_SECRETARY, branch)),
        host=make.actor(make.person(Role.BRANCH_SECRETARY, other)),
        member=make.actor(make.member(branch)),
        above=make.actor(make.person(Role.UNIT_AUDITOR, root)),
        admin=make.actor(make.person(Role.UNIT_ADMIN, root)),
    )


@pytest.fixture
def member(client_for, place):
    """The browser of the member."""
    return client_for(place.member)


@pytest.fixture
def secretary(client_for, place):
    """The browser of the secretary."""
    return client_for(place.secretary)


@pytest.fixture
def people(make, place):
    """Three members of the branch."""
    return [make.member(place.branch) for _ in range(3)]
