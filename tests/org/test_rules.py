"""The rules of the tree, of dated ties and of who gives which role, as values."""

from datetime import date

import pytest

from pbtrain.core.errors import RuleError
from pbtrain.org import rules
from pbtrain.org.kinds import POSTS, UNIT_KINDS
from pbtrain.org.roles import GIVES, MAY, RENEWS, VIEWS, Perm, Role, roles_with

TODAY = date(2026, 9, 25)


def day(number):
    return date(2026, 3, number)


def refused(check, *args, **named):
    """The field a rule points at, or nothing when it lets pass."""
    try:
        check(*args, **named)
    except RuleError as refusal:
        return refusal.field or "refused"
    return None


@pytest.mark.parametrize("kind", UNIT_KINDS)
def test_only_what_may_hold_units_has_units_below(kind):
    above = {"committee", "general_branch", "leading_group"}
    assert refused(rules.check_child, kind, "branch") == (None if kind in above else "parent_id")
    assert refused(rules.check_child, "committee", kind) is None
    assert refused(rules.check_child, "committee", "regiment") == "kind"


@pytest.mark.parametrize("kind", UNIT_KINDS)
def test_members_stand_in_branches(kind):
    branches = {"branch", "temporary_branch"}
    assert refused(rules.check_home, kind) == (None if kind in branches else "unit_id")


def test_a_unit_moves_neither_below_itself_nor_into_itself():
    assert refused(rules.check_move, 5, 5, set()) == "parent_id"
    assert refused(rules.check_move, 5, 7, {5, 7}) == "parent_id"
    assert refused(rules.check_move, 5, 9, {5, 7}) is None
    assert refused(rules.check_move, 5, 4, {5, 7}) is None


def test_only_an_empty_unit_is_abolished():
    assert refused(rules.check_abolish, members=0, units=0) is None
    with pytest.raises(RuleError, match="members"):
        rules.check_abolish(members=1, units=0)
    with pytest.raises(RuleError, match="units"):
        rules.check_abolish(members=0, units=1)


def test_a_change_is_dated_from_the_day_it_follows_on_until_today():
    for right in (day(2), TODAY):
        assert refused(rules.check_from, right, earliest=day(2), today=TODAY) is None
    with pytest.raises(RuleError, match="before"):
        rules.check_from(day(1), earliest=day(2), today=TODAY)
    with pytest.raises(RuleError, match="future"):
        rules.check_from(date(2026, 9, 26), earliest=day(2), today=TODAY)


def test_a_span_has_at_least_one_day():
    assert refused(rules.check_span, day(2), None) is None
    assert refused(rules.check_span, day(2), day(3)) is None
    assert refused(rules.check_span, day(2), day(2)) == "valid_until"
    assert refused(rules.check_span, day(2), day(1)) == "valid_until"


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ((1, 3), (3, 5), False),  # the end is the first day after
        ((1, 3), (4, 5), False),
        ((1, 4), (3, 5), True),
        ((1, 9), (3, 5), True),
        ((1, None), (3, 5), True),
        ((5, None), (3, 5), False),
        ((4, None), (3, 5), True),
        ((1, None), (3, None), True),
    ],
)
def test_spans_overlap_when_they_share_a_day(first, second, overlap):
    one, other = ((day(a), day(b) if b else None) for a, b in (first, second))
    assert rules.overlaps(one, other) is rules.overlaps(other, one) is overlap


def test_a_post_is_one_of_the_list_in_a_unit_of_the_party_and_free():
    span = (day(1), day(5))
    assert refused(rules.check_post, "secretary", "branch", span, []) is None
    assert refused(rules.check_post, "treasurer", "branch", span, []) == "kind"
    assert refused(rules.check_post, "secretary", "academy", span, []) == "kind"
    assert refused(rules.check_post, "secretary", "branch", (day(5), day(1)), []) == "valid_until"
    taken = [(day(5), None), (day(4), day(5))]
    assert refused(rules.check_post, "secretary", "branch", span, taken[:1]) is None
    assert refused(rules.check_post, "secretary", "branch", span, taken) == "valid_from"


def test_a_secretary_writes_in_a_branch_and_watches_in_a_committee():
    for unit_kind, row in UNIT_KINDS.items():
        watches = Role.UNIT_AUDITOR if unit_kind in ("committee", "general_branch") else None  # no 党组
        secretary = Role.BRANCH_SECRETARY if row.has_members else watches
        assert rules.role_of_post("secretary", unit_kind) is secretary
        rotating = Role.BRANCH_SECRETARY if row.has_members else None
        assert rules.role_of_post("rotating_secretary", unit_kind) is rotating
    without = set(POSTS) - {"secretary", "rotating_secretary"}
    assert {rules.role_of_post(post, "branch") for post in without} == {None}


def test_who_gives_which_role():
    for role in Role:
        givers = {held for held in Role if rules.may_give([held], role)}
        if role is Role.MEMBER:  # follows from standing in a branch
            assert givers == set()
        elif role is Role.SYSTEM_ADMIN:
            assert givers == {Role.SYSTEM_ADMIN}
        else:
            assert givers == {Role.SYSTEM_ADMIN, Role.UNIT_ADMIN}, role
    assert rules.may_give([Role.MEMBER, Role.UNIT_ADMIN], Role.COURSE_AUTHOR)
    assert not rules.may_give([], Role.UNIT_AUDITOR)


def test_who_hands_a_new_slip_to_whom():
    assert rules.may_renew([Role.BRANCH_SECRETARY], Role.BRANCH_SECRETARY)
    assert rules.may_renew([Role.MEMBER, Role.BRANCH_SECRETARY], Role.BRANCH_SECRETARY)
    assert not rules.may_renew([Role.BRANCH_SECRETARY], Role.UNIT_AUDITOR)
    assert not rules.may_renew([Role.UNIT_AUDITOR], Role.BRANCH_SECRETARY)
    assert rules.may_renew([Role.UNIT_ADMIN], Role.UNIT_ADMIN)
    assert not rules.may_renew([Role.UNIT_ADMIN], Role.SYSTEM_ADMIN)
    assert RENEWS.keys() - GIVES.keys() == {Role.BRANCH_SECRETARY}


# Written from the duties of each role, not from the table: what each may do, and over how much.
DUTIES = {
    "member": "learn",
    "branch_secretary": "claim:decide class:nominate event:correct event:record hours:reverse hours:sign"
    " member:mend members:view remind report:view slip:print takeover:make year:seal",
    "unit_admin": "activity:set claim:judge class:nominate event:correct grant:manage member:mend"
    " members:view platform:manage policy:edit policy:view report:view roster:manage slip:print"
    " takeover:make theme:give unit:manage units:view year:correct year:seal",
    "unit_auditor": "audit:view claim:judge members:view policy:view report:view units:view"
    " year:correct year:seal",
    "academy_admin": "class:manage course:edit course:publish learner:find",
    "course_author": "course:edit",
    "system_admin": "audit:view grant:manage jobs:view member:mend roster:manage slip:print"
    " unit:manage units:view",
}
REACH_BELOW = {"unit_admin", "unit_auditor", "academy_admin", "system_admin"}


def test_each_role_may_do_its_duties_and_nothing_else():
    assert {role: " ".join(sorted(row.perms)) for role, row in MAY.items()} == DUTIES
    assert {role for role, row in MAY.items() if row.subtree} == REACH_BELOW
    assert {row.view for row in MAY.values()} == set(VIEWS), "a home without a rank among the others"


def test_a_right_is_looked_for_with_its_reach():
    assert roles_with(Perm.COURSE_EDIT, subtree=True) == (Role.ACADEMY_ADMIN,)
    assert roles_with(Perm.COURSE_EDIT, subtree=False) == (Role.COURSE_AUTHOR,)
    assert roles_with(Perm.LEARN, subtree=True) == ()
