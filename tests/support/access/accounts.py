"""Rows of signing in, one's own account and data, and the second factor."""

from tests.support.access.words import MANAGES, MENDS
from tests.support.matrix import row

TABLE = {
    # -- accounts
    "accounts.sign_in": row("public", post=422),
    "accounts.activate": row("public", post=422),
    "accounts.forgotten": row("public", post=200),
    "accounts.reset": row("public", post=422),
    "accounts.sign_out": row("public", post=303),
    # -- home
    "home.home": row("signed in", everyone="all"),
    "home.change_view": row("signed in", everyone="all", post=403),
    "home.mine": row("signed in", everyone="all"),
    "home.password": row("signed in", everyone="all", post=422),
    "home.email": row("signed in", everyone="all", post=422),
    "home.end_session": row("signed in", everyone="mine", post=303),
    "home.end_others": row("signed in", everyone="all", post=303),
    # -- home: the second factor (the world's people have shown theirs)
    "home.factor": row("entering", everyone="all", post=422),
    "home.factor_app": row("entering", everyone="all", post=422),
    "home.factor_card": row("entering", everyone="all", get=303, post=200),
    "home.proof": row("entering", everyone="all", post=422),
    "left.page": row("entering", everyone="all", get=303, post=303),  # nobody here has left the roster
    "home.my_factor": row("signed in", everyone="all"),
    "home.end_factor": row("signed in", member="all", other_member="all", post=303),
    "home.end_device": row("signed in", everyone="mine", post=303),
    # -- home: what stands between a person and the own login
    "logins.factor": row("grant:manage", **MANAGES, post=422),
    "logins.sign_out": row("grant:manage", **MANAGES, post=303),
    # -- what is recorded of oneself, and what is recorded wrongly
    "my_data.page": row("learn", members="all"),
    "my_data.report": row("learn", members="all", post=422),
    "my_data.export": row("learn", members="all", post=422),
    "privacy.notice": row("public"),
    "privacy.kept": row("jobs:view", system_admin="all"),
    "wrong_data.waiting": row("member:mend", secretary="all", unit_admin="all", system_admin="all"),
    "wrong_data.answer": row("member:mend", **MENDS, post=422),
}
