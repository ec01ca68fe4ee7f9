"""Where a refusal inside a transaction goes: onto its form, or to whoever answers with a page."""

import pytest
from sqlalchemy import func, select

from pbtrain.accounts.models import Account
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError


class Form:
    """Remembers what it was blamed for."""

    def __init__(self):
        self.errors = []

    def blame(self, error):
        self.errors.append(error)


def write(error, form, **how):
    with transaction(form, **how) as session:
        session.add(Account(username="shili", name="示例"))
        session.flush()
        raise error


def test_a_broken_rule_lands_on_the_form_and_a_lost_race_where_its_view_wants_it(db):
    rule, race = RuleError("Too short"), Conflict("Somebody was faster")
    form = Form()
    write(rule, form)
    write(rule, form, conflict_page=True)
    write(race, form)
    assert form.errors == [rule, rule, race]
    for form, how in ((None, {}), (Form(), {"conflict_page": True})):
        with pytest.raises(Conflict):
            write(race, form, **how)
    assert form.errors == []
    assert db.session.scalar(select(func.count(Account.id))) == 0, "nothing of it was written"
