"""Who the members of a large preset are: invented, the same in every load. Pure."""

import hashlib
import random
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from pbtrain.demo.cast import HAN, MONGOLIAN, PREFIX, SEED, SURNAMES
from pbtrain.org.names import pinyin

NAMES = 3000  # different ones; in so large a place many people share a name
STAFF = 10  # ids of accounts below belong to those who stand on no roster
PHONES = 19_900_000_000


@dataclass(frozen=True)
class Name:
    """A name with the letters it is found by."""

    text: str
    letters: str
    sex: str


@dataclass(frozen=True)
class Member:
    """A member of a branch; `place` counts from 0, and the first four lead."""

    id: int
    place: int
    name: Name
    born_on: date
    joined_on: date | None
    since: date  # in the branch
    stage: str
    phone: str | None
    left_on: date | None
    care_since: date | None
    person: str  # pseudonym

    @property
    def account_id(self) -> int:
        """Of the member's login."""
        return STAFF + self.id


def key_of(kind: str, number: int) -> bytes:
    """16 bytes behind the pseudonym of a member or an account: from the seed, as nobody is hidden here."""
    return hashlib.sha256(f"{SEED}|{kind}|{number}".encode()).digest()[:16]


@lru_cache
def names() -> list[Name]:
    """So many different names, a third of them Mongolian."""
    dice = random.Random(SEED)  # noqa: S311 - the same people for everybody
    made: dict[str, str] = {}
    while len(made) < NAMES:
        sex = dice.choice("MF")
        if dice.random() < 0.35:
            text = dice.choice(MONGOLIAN["M"]) + "·" + dice.choice(MONGOLIAN[sex])
        else:
            text = dice.choice(SURNAMES) + "".join(dice.choice(HAN[sex])[i] for i in range(2))
            text = text[: dice.choice((2, 3, 3, 3))]
        made[text] = sex
    return [Name(PREFIX + text, pinyin(PREFIX + text), sex) for text, sex in made.items()]


def stage_of(member_id: int) -> str:
    """Four of a hundred are not full members yet."""
    return {11: "activist", 37: "candidate", 61: "probationary", 83: "probationary"}.get(
        member_id % 100, "full"
    )


def born(member_id: int, today: date, *, retired: bool) -> date:
    """22 to 64 years ago, 62 to 87 for the retired."""
    youngest = 62 if retired else 22
    age = youngest + member_id * 7919 % (26 if retired else 43)
    return today - timedelta(days=age * 365 + member_id * 104729 % 365)
