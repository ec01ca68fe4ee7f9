"""Rows of claims, platforms and sheets of earlier hours."""

from tests.support.access.words import ABOVE, SEES
from tests.support.matrix import row

JUDGES = {"unit_admin": "subtree", "unit_auditor": "subtree"}
MAKES = {"secretary": "own", "unit_admin": "subtree"}
JUDGES_ALL = dict.fromkeys(JUDGES, "all")
WAITING, MY_DRAFT = {"claim_id": "waiting_id"}, {"claim_id": "draft_claim_id"}

TABLE = {
    # -- claims: one's own, a draft; those that wait in the unit of the secretary, and below who judges
    "claims.mine": row("learn", members="all"),
    "claims.new": row("learn", members="all", post=422),
    "claims.new_for": row("claim:decide", secretary="own", kinds="branch", post=422),
    "claims.estimate": row("signed in", everyone="none", members="mine", secretary="own"),
    "claims.claim": row("signed in", everyone="none", **SEES, use=WAITING),
    "claims.claim own": row("signed in", everyone="none", members="mine", use=MY_DRAFT, secretary="mine"),
    "claims.act": row("signed in", everyone="none", members="mine", use=MY_DRAFT, post=400),
    "claims.edit": row("signed in", everyone="none", members="mine", use=MY_DRAFT, post=422),
    "claims.add_file": row("signed in", everyone="none", members="mine", use=MY_DRAFT, post=400),
    "claims.remove_file": row(
        "signed in", everyone="none", members="mine", use=MY_DRAFT | {"evidence_id": "waiting_evidence_id"}
    ),
    "claims.file": row("signed in", everyone="none", **SEES, use={"uuid": "waiting_uuid"}),
    "claims.desk": row("claim:decide", secretary="all"),
    "claims.desk_claim": row("claim:decide", secretary="own", use=WAITING),
    "claims.decide": row("claim:decide", secretary="own", use=WAITING, post=400),
    "claims.approve_all": row(
        "claim:decide", secretary="own", body={"claim": "%(waiting_id)s:1"}, post=422, kinds="branch"
    ),
    "claims.above": row("claim:judge", **JUDGES_ALL),
    "claims.above_claim": row("claim:judge", **JUDGES, use={"claim_id": "appealed_id"}),
    "claims.confirm_all": row(
        "claim:judge", **JUDGES, body={"claim": "%(own_claim_id)s"}, post=303, kinds="branch"
    ),
    "claims.judge": row("claim:judge", **JUDGES, use={"claim_id": "appealed_id"}, post=400),
    "claims.waiting": row("claim:judge", **ABOVE),
    "claims.platforms": row("platform:manage", unit_admin="subtree"),
    "claims.platform_presets": row("platform:manage", unit_admin="subtree", post=303),
    "claims.platform_new": row("platform:manage", unit_admin="subtree", post=422),
    "claims.platform": row("platform:manage", unit_admin="subtree", post=422),
    # -- sheets of earlier hours: where they are made, and from above once they are handed in
    "claims.takeovers": row("takeover:make", secretary="all", unit_admin="all"),
    "claims.takeovers_above": row("claim:judge", **JUDGES_ALL),
    "claims.takeover_new": row("takeover:make", **MAKES, post=422),
    "claims.takeover_template": row("takeover:make", **MAKES),
    "claims.takeover": row("takeover:make", **MAKES),
    "claims.takeover_above": row("claim:judge", **JUDGES),
    "claims.takeover_progress": row("takeover:make", **MAKES),
    "claims.takeover_progress_above": row("claim:judge", **JUDGES),
    "claims.takeover_act": row("takeover:make", **MAKES, post=400),
    "claims.takeover_decide": row("claim:judge", **JUDGES, post=400),
    "claims.takeover_refused": row("takeover:make", **MAKES),
    "claims.takeover_scan": row("takeover:make", **MAKES),
    "claims.takeover_scan_above": row("claim:judge", **JUDGES),
}
