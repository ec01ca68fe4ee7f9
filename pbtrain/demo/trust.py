"""What shows that hours can be trusted: claims in every state with their evidence, signed months, and
rules of next year that are being written. All through the services."""

import io
import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from PIL import Image, ImageDraw
from sqlalchemy import select

from pbtrain.claims import deciding, evidence, platforms
from pbtrain.claims import services as claims
from pbtrain.claims.models import Evidence, Platform
from pbtrain.claims.services import Wanted
from pbtrain.closing import queries as months
from pbtrain.closing import services as closing
from pbtrain.core.db import db
from pbtrain.demo.roster import MEMBER, World
from pbtrain.hours.models import HourClaim
from pbtrain.hours.policy import PolicyRules
from pbtrain.org.roles import Role
from pbtrain.policies import services as policies
from pbtrain.policies.models import PolicyDraft

FORMS = uuid.UUID("5de0c0de-32aa-4000-8000-000000000033")
BRANCH = "office"
SELF_CAP = 800  # hundredths: what next year's draft would let count of self-study


def picture(seed: int) -> bytes:
    """A page of notes, drawn: lines on paper, another for each seed; no real document."""
    page = Image.new("RGB", (900, 1200), (246 - seed % 5 * 6, 242, 230))
    draw = ImageDraw.Draw(page)
    for row in range(18):
        top, end = 90 + row * 58, 260 + (row * 137 + seed * 211) % 560
        draw.rectangle((80, top, end, top + 16), fill=(60 + seed * 17 % 80, 66, 90))
        if (row * seed) % 5 == 2:
            draw.ellipse((end + 20, top - 12, end + 64, top + 32), outline=(155, 28, 28), width=6)
    file = io.BytesIO()
    page.save(file, "JPEG", quality=70)
    return file.getvalue()


def add_trust(world: World) -> None:
    """Claims of the office's members, sign-offs of its months, a draft of the rules of next year."""
    platforms.add_presets(world.actor(world.staff[Role.UNIT_ADMIN]), world.units["root"])
    _claims(world)
    _sign(world)
    _draft(world)


def _claims(world: World) -> None:
    """Waiting with three photos, from a platform with a photo that was used before, returned, approved,
    rejected and appealed, and a visit that the secretary wrote down."""
    people = world.people[BRANCH]
    secretary = world.actor(people[0].account_id)
    study = next(iter(db.session.scalars(select(Platform.id).order_by(Platform.id).limit(1))))
    notes = [picture(number) for number in range(6)]

    def claim(place: int, wanted: Wanted, pages: Sequence[bytes] = (), *, by_secretary: bool = False) -> int:
        person = people[place]
        actor = secretary if by_secretary else world.actor(person.account_id)
        pieces = [evidence.read(page, f"示例-{n}.jpg") for n, page in enumerate(pages, 1)]
        form_id = str(uuid.uuid5(FORMS, f"{world.today}/{place}/{wanted.title}"))
        claim_id, _fresh = claims.make(actor, person.id, wanted, pieces, form_id=form_id)
        claims.submit(actor, claim_id, version(claim_id))
        return claim_id

    def some(kind: str, title: str, ago: int, minutes: int = 0, quantity: int | None = None) -> Wanted:
        day = max(world.today - timedelta(days=ago), date(world.today.year, 1, 1))
        return Wanted(
            kind, title, day, minutes, "示例", platform_id=study if quantity else None, quantity=quantity
        )

    claim(MEMBER, some("self_study", "自学党章，写读书笔记三页", 4, 90), notes[:3])
    claim(MEMBER + 1, some("platform", "学习平台本月记录", 6, quantity=45), notes[:1])
    back = claim(MEMBER + 2, some("paper", "纸质学习资料自学", 9, 60), notes[3:4])
    deciding.send_back(secretary, back, version(back), reason="照片看不清，请补拍第2页")
    fine = claim(MEMBER + 3, some("self_study", "自学条例并写心得", 12, 45), notes[4:5])
    look_at(secretary.account_id, fine)
    deciding.approve(secretary, [(fine, version(fine))])
    refused = claim(MEMBER + 4, some("radio", "收听广播党课", 8, 60))
    deciding.reject(secretary, refused, version(refused), reason="那天没有这个节目，请核对日期")
    who = world.actor(people[MEMBER + 4].account_id)
    claims.appeal(who, refused, version(refused), reason="记错了一天，是前一天的节目，请上级核对")
    claim(MEMBER + 6, some("visit", "送学上门：慰问行动不便的老党员", 3, 40), notes[5:6], by_secretary=True)


def version(claim_id: int) -> int:
    """How often the claim has been moved."""
    return db.session.scalars(select(HourClaim.version).where(HourClaim.id == claim_id)).one()


def look_at(account_id: int, claim_id: int) -> None:
    """Somebody looks at every picture of a claim."""
    for evidence_id in db.session.scalars(
        select(Evidence.id).where(Evidence.claim_id == claim_id).order_by(Evidence.id)
    ):
        evidence.look(account_id, evidence_id, db.session())


def _sign(world: World) -> None:
    """The secretary has signed all months but the last one that is over."""
    unit_id, year = world.units[BRANCH], world.today.year
    last = world.today.month - 2
    if last < 1:
        return
    actor, since = world.actor(world.people[BRANCH][0].account_id), date(year, 1, 1)
    seen = months.months(unit_id, year, since, world.today).book.entries
    closing.sign(actor, unit_id, year, last, since=since, seen=seen)


def _draft(world: World) -> None:
    """Next year some self-study would count."""
    admin, root = world.actor(world.staff[Role.UNIT_ADMIN]), world.units["root"]
    draft_id = policies.begin_draft(admin, root, world.today.year + 1)
    draft = db.session.get_one(PolicyDraft, draft_id)
    wanted = PolicyRules.from_json(0, draft.rules | {"self_cap": SELF_CAP})
    policies.change_draft(admin, draft_id, draft.version, wanted, draft.effective_on)
