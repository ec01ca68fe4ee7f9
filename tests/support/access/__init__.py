"""Who may open which route, by area: written by hand, it is what we mean; guards and queries are what we do.

"endpoint" or "endpoint variant": row(guard, who=reach, ...); see `support.matrix` for the words.
"""

from tests.support.access import accounts, claims, classes, courses, events, hours, org, site

AREAS = (site, accounts, org, hours, claims, events, classes, courses)
TABLE = {key: line for area in AREAS for key, line in area.TABLE.items()}
