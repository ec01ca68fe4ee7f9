"""Two sister trees with everything in them: the world in which every route is asked by everybody.

The same kinds of object stand in every place of the tree, so that for each visitor there are some inside
its own unit, above, below and beside. Rows are written directly, in one transaction.
"""

from flask import Flask

from pbtrain.classes.models import CertificateStyle
from pbtrain.core import site
from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from tests.support.cast import CAST, SERVES, TREE, Visitor, World
from tests.support.world.classes import add_academy, add_certificates
from tests.support.world.ledger import add_claims, add_lines
from tests.support.world.people import add_units, add_visitor, fill
from tests.support.world.rows import Rows


def build(app: Flask) -> World:
    """Fill an empty, migrated database and sign everybody in."""
    with app.app_context(), transaction() as session:
        site.mark("real")
        rows = Rows(session)
        units = add_units(rows)
        hours.publish_default_policy(None, units["root"].id, 2020)
        people = {place: rows.person(place, units[place]) for place in TREE}
        ids = {place: fill(rows, units[place], people[place]) for place in TREE}
        for place in TREE:
            ids[place] |= add_lines(rows, ids[place])
            ids[place] |= add_claims(rows, units[place], ids[place])
            ids[place] |= add_certificates(rows, units[place], ids[place]["member_id"])
            session.add(CertificateStyle(unit_id=units[place].id, title="结业证书", body="{姓名}"))
        for place, area in SERVES.items():
            add_academy(rows, units[place], units[area])
        visitors = {"anonymous": Visitor("anonymous")}
        for name, (home, role, stands_there) in CAST.items():
            visitors[name] = add_visitor(rows, app, name, home, units[home], role, stands_there, ids[home])
        return World(ids, visitors)
