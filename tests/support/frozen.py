"""A clock that stands still: the whole process sees the same instant until the test moves it."""

from datetime import UTC, datetime, timedelta

import time_machine

USUAL = datetime(2026, 9, 25, 7, 0, tzinfo=UTC)  # Friday, 15:00 in Shanghai


class Frozen:
    """`frozen.now` is the instant; `move_to(datetime)` and `shift(days=1)` change it."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def move_to(self, instant: datetime) -> None:
        if instant.tzinfo is None:
            raise ValueError("say in which zone")
        self._traveller.move_to(instant)

    def shift(self, **amount: float) -> None:
        self._traveller.shift(timedelta(**amount))
