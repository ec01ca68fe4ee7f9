"""The triggers in the database are the ones this version ships."""

import json

from pbtrain.hours import shipped, verify


def test_shipped_digests_are_those_of_the_migrations(db, backend):
    found = verify.installed_triggers()
    assert shipped.TRIGGERS[backend.name] == found, json.dumps(found)
