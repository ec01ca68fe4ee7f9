"""How many units and members each large preset has, and its tree. Pure.

Figures: 玉泉区 43 committees and 363 branches, 乌海 1,919 organisations and 35,000 members, 内蒙古 74,102
branches on five levels (domain.md A.0); 9,000 and 1,500,000 members are assumed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from pbtrain.demo.cast import PREFIX

SINCE = date(2015, 7, 1)
ROOT = 1
LEAST = 6  # members of a branch: enough for who leads it, who signs in, and somebody whose line is reversed
FIELD_WORDS = (
    ("rural", "嘎查村"), ("community", "社区"), ("rural", "牧区"), ("office", "机关"),
    ("rural", "村"), ("community", "小区"), ("school", "学校"), ("state_firm", "国有企业"),
    ("private_firm", "非公企业"), ("retired", "离退休"), ("community", "网格"), ("other", "联合"),
)  # fmt: skip
SIZES = (8, 30, 18, 12, 24, 15, 40, 10, 20, 28, 14, 22)  # members of neighbouring branches, in proportion


@dataclass(frozen=True)
class Level:
    """Committees on one level below the root."""

    word: str
    units: int


@dataclass(frozen=True)
class Shape:
    """A preset: its committees level by level, its branches evenly below the last level, its members."""

    name: str
    site: str
    root: str
    levels: tuple[Level, ...]
    branches: int
    members: int

    def scaled(self, scale: float) -> "Shape":
        """The same tree with fewer of everything, never less than a level, a field or a branch needs."""
        if scale == 1:
            return self
        branches = max(len(FIELD_WORDS), round(self.branches * scale))
        return replace(
            self,
            levels=tuple(Level(level.word, max(2, round(level.units * scale))) for level in self.levels),
            branches=branches,
            members=max(branches * LEAST, round(self.members * scale)),
        )

    @cached_property
    def academy(self) -> int:
        """The id of the academy's unit; branches follow it."""
        return ROOT + sum(level.units for level in self.levels) + 1

    @cached_property
    def starts(self) -> list[int]:
        """Before branch i stand starts[i] members; one more number than branches."""
        plenty = self.members - LEAST * self.branches
        whole = sum(SIZES[i % len(SIZES)] for i in range(self.branches))
        marks, so_far = [0], 0
        for i in range(self.branches):
            so_far += SIZES[i % len(SIZES)]
            marks.append(LEAST * (i + 1) + plenty * so_far // whole)
        return marks

    def branch_id(self, number: int) -> int:
        """The unit's id of the branch with this number, from 0."""
        return self.academy + 1 + number

    def lowest(self) -> range:
        """The ids of the committees that have branches."""
        return range(self.academy - self.levels[-1].units, self.academy)

    def above(self, number: int) -> list[int]:
        """The units above a branch, from its committee up to the root."""
        place = number * self.levels[-1].units // self.branches
        return self._path(len(self.levels) - 1, place)

    def _path(self, depth: int, place: int) -> list[int]:
        """The committee at this place of a level, and those above it."""
        path = []
        for level in range(depth, -1, -1):
            path.append(ROOT + 1 + sum(each.units for each in self.levels[:level]) + place)
            if level:
                place = place * self.levels[level - 1].units // self.levels[level].units
        return [*path, ROOT]

    def committees(self) -> Iterator[tuple[int, str, str, list[int]]]:
        """(id, name, kind, units above) of the root, all committees and the academy, in the order of ids."""
        yield ROOT, self.root, "committee", []
        for depth, level in enumerate(self.levels):
            last = depth == len(self.levels) - 1
            for place in range(level.units):
                unit_id, *above = self._path(depth, place)
                general = last and place % 9 == 8
                name = f"{PREFIX}第{place + 1}{level.word}{'党总支' if general else '党委'}"
                yield unit_id, name, "general_branch" if general else "committee", above
        yield self.academy, f"{PREFIX}党建学院", "academy", [ROOT]

    def branch(self, number: int) -> tuple[str, str]:
        """(name, field) of a branch."""
        field, word = FIELD_WORDS[number % len(FIELD_WORDS)]
        return f"{PREFIX}{word}第{number + 1}党支部", field


SHAPES = {
    "district": Shape(
        "district", "示例区党员学习", "示例区委员会", (Level("街道", 43),), branches=363, members=9_000
    ),
    "city": Shape(  # 1 + 3 + 60 + 1,855 organisations
        "city", "示例市党员学习", "示例市委员会", (Level("区", 3), Level("街道", 60)), branches=1_855,
        members=35_000,
    ),
    "region": Shape(
        "region", "示例自治区党员学习", "示例自治区委员会",
        (Level("盟市", 12), Level("旗县", 103), Level("苏木乡镇", 1_100)), branches=74_102, members=1_500_000,
    ),
}  # fmt: skip
