"""Rows of the site itself, the inbox, reports and reminders."""

from tests.support.access.words import SEES
from tests.support.matrix import row

TABLE = {
    "static": row("public", get=404),
    "core.display": row("public", post=303),
    "core.healthz": row("public"),
    "core.readyz": row("public", get={200, 503}),
    # -- notify
    "notify.inbox": row("signed in", everyone="all"),
    "notify.read_all": row("signed in", everyone="all", post=303),
    "notify.open_message": row("signed in", everyone="mine", post=303),
    "notify.jobs": row("jobs:view", system_admin="all"),
    "notify.retry_job": row("jobs:view", system_admin="all", post=303),
    "notify.retry_delivery": row("jobs:view", system_admin="all", post=303),
    # -- reports
    "reports.index": row("report:view", secretary="all", unit_admin="all", unit_auditor="all"),
    "reports.page": row("report:view", kinds="branch", **SEES),
    "reports.paper": row("report:view", kinds="branch", **SEES),
    "reports.xlsx": row("report:view", kinds="branch", **SEES),
    # -- reminders
    "reminders.branch": row("remind", secretary="own", kinds="branch"),
    "reminders.send": row("remind", secretary="own", kinds="branch", post=303),
}
