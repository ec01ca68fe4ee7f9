"""Numbers on tabs, as a page counted them last: the frame itself asks the database nothing.

Pages that count what waits anyway leave the number in the session; the navigation shows it on every page
until the next of them counts anew.
"""

from flask import session

KEY = "badges"
MOST = 10_000


def leave(name: str, count: int) -> None:
    """From now on this number stands on the tab of that name; nothing is sent where it stood there before."""
    count = min(count, MOST)
    if found(name) != count:
        session[KEY] = {**session.get(KEY, {}), name: count}


def found(name: str) -> int:
    """The number as it was last counted; 0 while nobody has."""
    known = session.get(KEY, {})
    return int(known.get(name, 0))
