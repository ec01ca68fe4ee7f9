"""Choosing and hashing passwords: argon2id, one at a time in a process, so that sign-ins cannot starve the
pages."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from flask import current_app

from pbtrain.accounts import rules
from pbtrain.accounts.breached import is_breached
from pbtrain.core.errors import Busy, RuleError
from pbtrain.core.marks import N_

WAITING = 8
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_room = threading.BoundedSemaphore(1 + WAITING)
_turn = threading.Lock()
# Of no password anybody has: checked when there is no account, so that the answer takes as long.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$Nl92AX7LV+XrPUrTQ93l/g$E4WaGuW4qDgSKzSBX9ewc3BxqxsQu9lNUUf68xM1UJo"


@contextmanager
def turn() -> Iterator[None]:
    """Wait for one's turn to hash; Busy (503) when eight wait already. Never inside a transaction."""
    if not _room.acquire(blocking=False):
        raise Busy(N_("Many people are signing in right now. Try again in a moment."))
    try:
        with _turn:
            yield
    finally:
        _room.release()


def check(password: str, *, account_id: int, username: str) -> None:
    """RuleError at "password" unless this person may choose it; the rooms above say what is known of them."""
    known = current_app.extensions["pbtrain.known_of"](account_id)
    rules.check_password(password, username=username, known=known)
    if is_breached(password, current_app.config["BREACHED_FILE"]):
        raise RuleError(
            N_("This password stands in a list of stolen passwords. Choose another one."), field="password"
        )


def make(password: str) -> str:
    """The hash to store; takes a turn."""
    with turn():
        return _hasher.hash(password)


def fits(password_hash: str | None, password: str) -> bool:
    """Is this the password? Takes equally long without a hash. The caller has taken its turn."""
    try:
        _hasher.verify(password_hash or NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None
