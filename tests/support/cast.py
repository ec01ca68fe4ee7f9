"""Who asks and where: two sister trees of five levels, sixteen visitors, and how places lie to each other."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pbtrain.org.roles import Role

# name: (kind, parent). Five levels (五级) down to each branch, and the same again beside it.
TREE = {
    "root": ("committee", None),
    "league": ("committee", "root"),
    "committee": ("committee", "league"),
    "general": ("general_branch", "committee"),
    "branch": ("branch", "general"),
    "branch_beside": ("branch", "general"),
    "branch_of_committee": ("branch", "committee"),
    "academy": ("academy", "committee"),
    "academy_beside": ("academy", "committee"),
    "sister": ("committee", "root"),
    "sister_committee": ("committee", "sister"),
    "sister_general": ("general_branch", "sister_committee"),
    "sister_branch": ("branch", "sister_general"),
    "sister_academy": ("academy", "sister_committee"),
}
SERVES = {"academy": "committee", "academy_beside": "general", "sister_academy": "sister"}  # service areas

# name: (home, role, also a member of that branch)
CAST = {
    "member": ("branch", None, True),
    "other_member": ("branch_beside", None, True),
    "secretary": ("branch", Role.BRANCH_SECRETARY, True),
    "other_secretary": ("branch_beside", Role.BRANCH_SECRETARY, True),
    "acting_secretary": ("branch", Role.BRANCH_SECRETARY, True),
    "unit_admin": ("committee", Role.UNIT_ADMIN, False),
    "unit_auditor": ("committee", Role.UNIT_AUDITOR, False),
    "academy_admin": ("academy", Role.ACADEMY_ADMIN, False),
    "course_author": ("academy", Role.COURSE_AUTHOR, False),
    "system_admin": ("root", Role.SYSTEM_ADMIN, False),
    "past_secretary": ("branch", Role.BRANCH_SECRETARY, True),
    "coming_secretary": ("branch", Role.BRANCH_SECRETARY, True),
    "past_admin": ("committee", Role.UNIT_ADMIN, False),
    "coming_admin": ("committee", Role.UNIT_ADMIN, False),
    "past_system_admin": ("root", Role.SYSTEM_ADMIN, False),
    "past_academy_admin": ("academy", Role.ACADEMY_ADMIN, False),
}

# Days from today: first day, and first day after. Who is not named holds the role since long ago.
DAYS = {
    "acting_secretary": (-3, 4),
    "past_secretary": (-90, 0),
    "coming_secretary": (1, None),
    "past_admin": (-90, 0),
    "coming_admin": (1, 30),
    "past_system_admin": (-90, -30),
    "past_academy_admin": (-90, 0),
}

# Whose grant does not hold today: whom each is now, and who they would be on a day of the grant.
SHADOWS = {
    "past_secretary": ("member", "secretary"),
    "coming_secretary": ("member", "secretary"),
    "past_admin": (None, "unit_admin"),
    "coming_admin": (None, "unit_admin"),
    "past_system_admin": (None, "system_admin"),
    "past_academy_admin": (None, "academy_admin"),
}


@dataclass
class Visitor:
    """Somebody who asks: where they stand, the cookie they bring, and the objects that are their own."""

    name: str
    home: str = ""
    cookie: str = ""
    account_id: int = 0
    mine: dict[str, Any] = field(default_factory=dict)


@dataclass
class World:
    """`ids[place]` holds, by the names routes use, one object of each kind in that place."""

    ids: dict[str, dict[str, Any]]
    visitors: dict[str, Visitor]

    def relation(self, home: str, place: str) -> str:
        """Where `place` lies, seen from `home`: inside, above, below or beside."""
        if place == home:
            return "inside"
        if home in line_of(place):
            return "below"
        return "above" if place in line_of(home) else "beside"

    def scopes(self, visitor: Visitor, kinds: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
        """Places as they lie to this visitor's home, of these kinds if any are named: the place itself, the
        nearest above, the deepest below, the nearest beside and one in the sister tree."""
        found: dict[str, str] = {}
        home = visitor.home or "branch"
        for place, (kind, _) in TREE.items():
            if kinds and kind not in kinds:
                continue
            relation = self.relation(home, place)
            known = found.get(relation)
            closer = len(line_of(place)) > len(line_of(known)) if known else True
            if known is None or (relation in ("above", "below") and closer):
                found[relation] = place
            if relation == "beside":
                found["far"] = place  # the last one stands in the sister tree
        if found.get("far") == found.get("beside"):
            found.pop("far", None)
        return iter(found.items())


def line_of(place: str) -> list[str]:
    """The units above a place, the nearest first."""
    line = []
    while (parent := TREE[place][1]) is not None:
        line.append(parent)
        place = parent
    return line
