"""Where a refusal inside a transaction goes: onto its form, or to whoever answers with a page."""

import pytest
from sqlalchemy import func, select

from pbtrain.accounts.models import Account
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError


class Form:
    """Remembers what it was blamed for."""

    def __init__(self, *, keeps_races=False):
        self.errors, self.keeps_races = [], keeps_races

    def blame(self, error):
        self.errors.append(error)


def write(error, form):
    with transaction(form) as session:
        session.add(Account(username="shili", name="示例"))
        session.flush()
        raise error


def test_a_broken_rule_lands_on_the_form_and_a_lost_race_on_one_that_keeps_it(db):
    rule, race = RuleError("Too short"), Conflict("Somebody was faster")
    form, keeping = Form(), Form(keeps_races=True)
    write(rule, form)
    write(rule, keeping)
    write(race, keeping)
    assert (form.errors, keeping.errors) == ([rule], [rule, race])
    for one in (None, form):
        with pytest.raises(Conflict):
            write(race, one)
    assert form.errors == [rule]
    assert db.session.scalar(select(func.count(Account.id))) == 0, "nothing of it was written"
