"""Who asks and where: two sister committees, ten visitors, and how places lie to each other."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pbtrain.org.roles import Role

# name: (kind, parent); the visitors' homes lie in the middle, so that each has a unit above and below.
TREE = {
    "root": ("committee", None),
    "league": ("committee", "root"),
    "committee": ("committee", "league"),
    "branch": ("branch", "committee"),
    "branch_below": ("branch", "branch"),
    "branch_beside": ("branch", "committee"),
    "academy": ("academy", "committee"),
    "academy_below": ("academy", "academy"),
    "academy_beside": ("academy", "committee"),
    "sister": ("committee", "root"),
    "sister_committee": ("committee", "sister"),
    "sister_branch": ("branch", "sister_committee"),
    "sister_academy": ("academy", "sister_committee"),
}

# name: (home, role, also a member of that branch)
CAST = {
    "member": ("branch", None, True),
    "other_member": ("branch_beside", None, True),
    "secretary": ("branch", Role.BRANCH_SECRETARY, True),
    "other_secretary": ("branch_beside", Role.BRANCH_SECRETARY, True),
    "unit_admin": ("committee", Role.UNIT_ADMIN, False),
    "unit_auditor": ("committee", Role.UNIT_AUDITOR, False),
    "academy_admin": ("academy", Role.ACADEMY_ADMIN, False),
    "course_author": ("academy", Role.COURSE_AUTHOR, False),
    "system_admin": ("root", Role.SYSTEM_ADMIN, False),
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
        """One place for each relation to this visitor's home, of these kinds if any are named."""
        found: dict[str, str] = {}
        for place, (kind, _) in TREE.items():
            if not kinds or kind in kinds:
                found.setdefault(self.relation(visitor.home or "branch", place), place)
        return iter(found.items())


def line_of(place: str) -> list[str]:
    """The units above a place, the nearest first."""
    line = []
    while (parent := TREE[place][1]) is not None:
        line.append(parent)
        place = parent
    return line
