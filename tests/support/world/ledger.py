"""Rules of hours, lines of the ledger, and claims."""

from datetime import date, timedelta
from typing import Any

from pbtrain.claims.models import Evidence, Platform, Takeover
from pbtrain.closing.models import Statement
from pbtrain.core import clock
from pbtrain.core.queue import Job
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim
from pbtrain.hours.policy import PolicyRules
from pbtrain.org.models import Unit
from pbtrain.policies.models import PolicyDraft
from tests.support.world.rows import BEGAN, DAY, Rows


def add_policies(rows: Rows, unit: Unit) -> dict[str, Any]:
    """A version of this unit, a draft of the next, and what a trial of it found."""
    policy_id = hours.publish_policy(None, unit.id, 2019, PolicyRules())
    rules = PolicyRules().as_json()
    draft = rows.add(PolicyDraft(unit_id=unit.id, year=2027, effective_on=date(2027, 1, 1), rules=rules))
    trial = rows.add(
        Job(
            kind="policies.trial",
            state="done",
            args={"unit_id": unit.id, "year": 2027, "ledger_year": 2026},
            result={"units": {}, "places": {}, "without_rules": 0, "file": "0" * 64},
        )
    )
    return {"policy_id": policy_id, "policy_draft_id": draft.id, "trial_id": trial.id}


def add_lines(rows: Rows, ids: dict[str, Any]) -> dict[str, Any]:
    """A line of the ledger, one that waits because it overlaps, and one that its own member recorded."""
    line = hours.Line(
        member_id=ids["member_id"],
        day=DAY,
        activity="theme_day",
        minutes=90,
        occurrence=f"event:{ids['event_id']}",
        title="示例主题党日",
        starts_at=BEGAN,
        ends_at=BEGAN + timedelta(minutes=90),
    )
    entry_id = hours.post_many(None, [line]).entry_ids[0]
    claim = rows.add(
        HourClaim(
            member_id=ids["member_id"],
            unit_id=ids["unit_id"],
            state="held",
            occurrence=f"event:9{ids['event_id']}",
            title="示例重叠",
            activity="theme_day",
            channel="onsite",
            proof="B",
            day=DAY,
            starts_at=BEGAN + timedelta(minutes=30),
            ends_at=BEGAN + timedelta(minutes=120),
            minutes=90,
            uncovered=30,
            overlaps_id=entry_id,
            made_at=clock.now(),
        )
    )
    own = rows.add(
        HourClaim(
            member_id=ids["member_id"], unit_id=ids["unit_id"], kind="own", state="held",
            occurrence=f"event:8{ids['event_id']}", title="示例本人记录", activity="theme_day",
            channel="onsite", proof="B", day=DAY, starts_at=BEGAN, ends_at=BEGAN + timedelta(minutes=90),
            minutes=90, uncovered=90, credit=200, made_at=clock.now(),
        )
    )  # fmt: skip
    statement = rows.add(
        Statement(
            member_id=ids["member_id"],
            unit_id=ids["unit_id"],
            since=DAY,
            until=DAY,
            facts={"name": "示例", "unit": "示例", "counted": 200, "self_study": 0, "lines": 1},
            code_hash=f"{rows.next():064x}",
            digest="0" * 64,
        )
    )
    return {"entry_id": entry_id, "claim_id": claim.id, "own_claim_id": own.id, "statement_id": statement.id}


def add_claims(rows: Rows, unit: Unit, ids: dict[str, Any]) -> dict[str, Any]:
    """A claim that waits, one that was appealed, each with a picture; and a platform."""
    found: dict[str, Any] = {"draft_claim_id": add_claim(rows, ids["member_id"], unit, "draft").id}
    for name, state in (("waiting", "submitted"), ("appealed", "appealed")):
        claim = add_claim(rows, ids["member_id"], unit, state)
        file = rows.picture(unit, "示例.jpg")
        piece = rows.add(Evidence(claim_id=claim.id, file_id=file.id, sha256="0" * 64))
        found |= {f"{name}_id": claim.id, f"{name}_uuid": file.uuid, f"{name}_evidence_id": piece.id}
    paper = rows.picture(unit, "台账.jpg")
    batch = rows.add(
        Takeover(
            unit_id=unit.id, kind="takeover", year=DAY.year, state="submitted", name="期初.xlsx",
            scan_id=paper.id, made_at=clock.now(),
        )
    )  # fmt: skip
    found["batch_id"] = batch.id
    platform = Platform(
        unit_id=unit.id,
        name="示例平台",
        counts_in="points",
        per_hour=30,
        year_cap=800,
        proof="C",
        mode="self",
    )
    return found | {"platform_id": rows.add(platform).id}


def add_claim(rows: Rows, member_id: int, unit: Unit, state: str) -> HourClaim:
    """A paper of 90 minutes that asks for two hours."""
    return rows.add(
        HourClaim(
            member_id=member_id,
            unit_id=unit.id,
            kind="paper",
            state=state,
            occurrence=f"claim:w{rows.next()}",
            title="示例答卷",
            activity="distance_lesson",
            channel="paper",
            proof="C",
            day=DAY,
            minutes=90,
            uncovered=90,
            credit=200,
            proxy_limit=200,
            made_at=clock.now(),
            submitted_at=clock.now(),
        )
    )
