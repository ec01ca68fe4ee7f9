"""Rows of the ledger, the end of months and years, and policies."""

from tests.support.access.words import ABOVE, OVERSEES, SEES
from tests.support.matrix import row

TABLE = {
    # -- hours
    "hours.mine": row("learn", members="all"),
    "hours.line": row("signed in", everyone="none", **SEES),
    "hours.reverse": row("hours:reverse", secretary="own", post=422),
    "hours.members": row("members:view", kinds="branch", **SEES),
    "hours.members_csv": row("members:view", **SEES),
    "hours.members_xlsx": row("members:view", kinds="branch", **SEES),
    "hours.member": row("members:view", kinds="branch", **SEES),
    "hours.unit": row("units:view", kinds="committee", **OVERSEES),
    "hours.unit_xlsx": row("units:view", kinds="committee", **OVERSEES),
    "hours.newcomers": row("members:view", **SEES),
    "hours.newcomers_xlsx": row("members:view", **SEES),
    "hours.unit branch": row("units:view", kinds="branch", get=302, **OVERSEES | {"system_admin": "barred"}),
    # -- closing: sign-off
    "closing.months": row("report:view", kinds="branch", **SEES),
    "closing.sign": row("hours:sign", secretary="own", kinds="branch", post=422),
    # -- closing: the end of a year
    "closing.year": row("report:view", kinds="committee general_branch branch", **SEES),
    "closing.close": row("year:seal", kinds="committee general_branch branch", **SEES, post=422),
    "closing.progress": row("year:seal", secretary="none", **ABOVE, get=404),
    "closing.ready_branches": row("year:seal", kinds="committee general_branch", secretary="none", **ABOVE),
    "closing.close_ready": row(
        "year:seal", kinds="committee general_branch", secretary="none", **ABOVE, post=422
    ),
    "closing.ready_progress": row("year:seal", secretary="none", **ABOVE, get=404),
    "closing.export_year": row("report:view", **SEES, get=404),
    "closing.my_statements": row("learn", members="all", post=422),
    "closing.member_statements": row("hours:sign", secretary="own", kinds="branch", post=422),
    "closing.revoke_statement": row("signed in", everyone="none", secretary="own", post=422),
    "closing.statement": row("public", get=404),
    "closing.proof": row("signed in", everyone="all", post=422),
    "closing.correct_line": row("year:correct", **ABOVE, post=422),
    "closing.correct_year": row("year:correct", **ABOVE, kinds="branch", post=422),
    # -- policies: a version above is read by whoever reads the rules below
    "policies.index": row("policy:view", get=302, unit_admin="all", unit_auditor="all"),
    "policies.unit": row("policy:view", **ABOVE),
    "policies.version": row("policy:view", outside={200, 404}, **ABOVE),
    "policies.begin": row("policy:edit", unit_admin="subtree"),
    "policies.draft": row("policy:edit", unit_admin="subtree"),
    "policies.example": row("policy:edit", unit_admin="subtree"),
    "policies.preset": row("policy:edit", unit_admin="subtree"),
    "policies.drop": row("policy:edit", unit_admin="subtree"),
    "policies.publish": row("policy:edit", unit_admin="subtree"),
    "policies.begin_trial": row("policy:edit", unit_admin="subtree"),
    "policies.trial": row("policy:edit", unit_admin="subtree"),
    "policies.trial_progress": row("policy:edit", unit_admin="subtree"),
    "policies.trial_xlsx": row("policy:edit", unit_admin="subtree"),
}
