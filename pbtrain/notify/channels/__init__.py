"""Ways out of the page. Each module here defines one channel; importing it registers it.

The inbox is no channel: the message row itself is what its page shows.
"""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement

from pbtrain.core.registry import load_all

CHANNELS: dict[str, "Channel"] = {}


@dataclass(frozen=True)
class Parcel:
    """One message to carry: to whom, what, and the number of its delivery and hour of its message."""

    delivery_id: int
    message_id: int
    created_at: datetime
    address: str
    name: str
    subject: str
    body: str
    link: str


class Unreachable(Exception):
    """The way is closed for everybody: everything waits, nothing is blamed."""


class Refused(Exception):
    """This one parcel was refused: for good, or for now."""

    def __init__(self, text: str, *, for_good: bool) -> None:
        super().__init__(text)
        self.for_good = for_good


Send = Callable[[Parcel], None]


class Channel(ABC):
    """A way out: whom it reaches, and how parcels travel."""

    key = label = ""

    def __init_subclass__(cls) -> None:
        CHANNELS[cls.key] = cls()

    @abstractmethod
    def is_on(self) -> bool:
        """Is it set up on this site?"""

    @abstractmethod
    def reaches(self) -> ColumnElement[bool]:
        """The accounts it can reach, as a condition on Account."""

    @abstractmethod
    def address(self) -> ColumnElement[str]:
        """Where an account is reached, as a column of Account."""

    @abstractmethod
    def open(self) -> AbstractContextManager[Send]:
        """Open the way; the function it gives raises Refused or Unreachable."""


load_all(sys.modules[__name__])
