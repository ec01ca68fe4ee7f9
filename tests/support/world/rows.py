"""What every part of the world adds its rows with, and the days on which they stand."""

from datetime import date
from typing import Any

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.storage import StoredFile, put
from pbtrain.org.models import Affiliation, Member, Unit

LONG_AGO = date(2020, 1, 1)
DAY = date(2026, 5, 8)
BEGAN = clock.at(DAY, 14)
COMES = date(2027, 3, 8)  # the day of the classes


class Rows:
    """Adds rows to one session and numbers them."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.count = 0

    def add(self, row: Any) -> Any:
        """The row, with its id."""
        self.session.add(row)
        self.session.flush()
        return row

    def next(self) -> int:
        """A number nothing else has."""
        self.count += 1
        return self.count

    def picture(self, unit: Unit, name: str, content: bytes = b"jpeg") -> StoredFile:
        """A file of this unit, stored and named."""
        return self.add(
            StoredFile(sha256=put(content), size=len(content), mime="image/jpeg", name=name, unit_id=unit.id)
        )

    def account(self, name: str) -> Account:
        """A login nobody signed in with."""
        return self.add(
            Account(username=f"{name}{self.next()}".lower(), name=f"示例{name}", activated_at=clock.now())
        )

    def person(self, name: str, unit: Unit) -> Member:
        """A member of this unit since long ago, with a login."""
        account = self.account(name)
        number = self.next()
        member = self.add(
            Member(
                account_id=account.id,
                unit_id=unit.id,
                name=account.name,
                pinyin=f"shili{number:05}",
                code=f"M{number:05}",
            )
        )
        self.session.add(Affiliation(member_id=member.id, unit_id=unit.id, valid_from=LONG_AGO))
        return member
