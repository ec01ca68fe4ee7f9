"""What is right about names, passwords and the number of tries. Pure."""

import unicodedata
from collections.abc import Collection
from datetime import datetime, timedelta

from pbtrain.accounts.habits import is_habit, of_person
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

SHORTEST, LONGEST = 8, 128
WINDOW = timedelta(minutes=15)
NAME_TRIES, FREE_TRIES, ADDRESS_TRIES = 10, 5, 60  # failures within WINDOW


def plain(name: str) -> str:
    """A typed user name as it is stored: width and case unified, no blanks at its ends."""
    return unicodedata.normalize("NFKC", name).strip().lower()


def check_password(password: str, *, username: str, known: Collection[str] = ()) -> None:
    """Refuse a password others would guess (ASVS 5.0, 6.2): 8 to 128 of any characters, none of a habit, and
    not made of what is `known` of its owner: pieces in any writing."""
    if len(password) < SHORTEST:
        raise RuleError(N_("Use at least %(least)s characters."), field="password", least=SHORTEST)
    if len(password) > LONGEST:
        raise RuleError(N_("Use at most %(most)s characters."), field="password", most=LONGEST)
    bare = plain(password)
    if plain(username) in (bare, bare[::-1]):
        raise RuleError(N_("The password must not be the user name."), field="password")
    if is_habit(bare):
        raise RuleError(N_("Many people use this password. Choose another one."), field="password")
    if of_person(bare, {plain(fact) for fact in (username, username.rstrip("0123456789"), *known)}):
        raise RuleError(
            N_("Whoever knows you would try this: your name, number, birthday or unit. Choose other words."),
            field="password",
        )


def wait_for_name(failures: list[datetime], now: datetime) -> timedelta:
    """How long this name waits: 4 failures are free, then 5, 10, 20 ... seconds, from 10 on 15 minutes."""
    recent = [at for at in failures if at > now - WINDOW]
    if len(recent) < FREE_TRIES:
        return timedelta()
    pause = WINDOW if len(recent) >= NAME_TRIES else timedelta(seconds=5 * 2 ** (len(recent) - FREE_TRIES))
    return max(max(recent) + pause - now, timedelta())


def wait_for_address(failures: list[datetime], now: datetime) -> timedelta:
    """How long this address must wait once 60 failures came from it within 15 minutes."""
    recent = sorted(at for at in failures if at > now - WINDOW)
    if len(recent) < ADDRESS_TRIES:
        return timedelta()
    return recent[-ADDRESS_TRIES] + WINDOW - now
