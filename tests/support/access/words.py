"""Who sees the hours of members, the figures of units, and who writes: said here once for all tables."""

SEES = {"secretary": "own", "unit_admin": "subtree", "unit_auditor": "subtree"}
OVERSEES = {"unit_admin": "subtree", "unit_auditor": "subtree", "system_admin": "subtree"}
ABOVE = {"unit_admin": "subtree", "unit_auditor": "subtree"}
MANAGES = {"unit_admin": "subtree", "system_admin": "subtree"}
MENDS = {"secretary": "own", **MANAGES}
