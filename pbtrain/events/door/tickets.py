"""The rotating code and the ticket it buys. Pure: the key and the instant are handed in.

A **code** is right in its slot of 15 seconds and 2 seconds after; the clock of the server decides alone. The
first look at it buys a **ticket** of 5 minutes for one browser and one session, with which there is time to
sign in. Neither is stored: both are HMACs of what they say.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

SLOT, MARGIN = 15, 2  # seconds
TICKET_LASTS = 300  # seconds
MAC = 10  # characters: 60 bits, of which a guesser has 17 seconds for each
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
CODE = re.compile(rf"([0-9a-z]{{1,7}})\.([0-9a-z]{{1,7}})\.([A-Za-z0-9_-]{{{MAC}}})")
TICKET = re.compile(rf"([0-9a-z]{{1,7}})\.([A-Za-z0-9_-]{{{2 * MAC}}})")

DAMAGED = N_("This is not a code of ours. Scan the one on the chair's screen.")
OLD = N_("This code is no longer good: it changes every 15 seconds. Scan the one on the screen now.")
STALE = N_("The 5 minutes to sign in are over. Scan the code on the screen again.")
OTHER = N_("This page belongs to another phone or another session. Scan the code on the screen yourself.")


@dataclass(frozen=True)
class Code:
    """A code that was read: of which event, for which slot."""

    event_id: int
    slot: int


def derived(key: bytes) -> bytes:
    """The key of the door, made of the site's `link` key, so that neither tells the other."""
    return hmac.new(key, b"pbtrain door", hashlib.sha256).digest()


def slot_of(now: datetime) -> int:
    """The number of the slot of this instant."""
    return int(now.timestamp()) // SLOT


def seconds_left(now: datetime) -> int:
    """How many whole seconds the code of this instant is still shown, 1 to 15."""
    return SLOT - int(now.timestamp()) % SLOT


def code_for(key: bytes, event_id: int, slot: int) -> str:
    """What stands in the address of the QR: event, slot and their HMAC, about 20 characters."""
    head = f"{_short(event_id)}.{_short(slot)}"
    return f"{head}.{_mac(key, f'code|{head}', MAC)}"


def read_code(key: bytes, text: str, now: datetime) -> Code:
    """The code, which is good at this instant; RuleError naming what is wrong with it otherwise."""
    found = CODE.fullmatch(text)
    if found is None:
        raise RuleError(DAMAGED)
    head = f"{found[1]}.{found[2]}"
    if not hmac.compare_digest(found[3], _mac(key, f"code|{head}", MAC)):
        raise RuleError(DAMAGED)
    code = Code(int(found[1], 36), int(found[2], 36))
    if not code.slot * SLOT <= now.timestamp() < (code.slot + 1) * SLOT + MARGIN:
        raise RuleError(OLD)
    return code


def ticket_for(key: bytes, event_id: int, device: str, now: datetime) -> str:
    """A ticket for this event in the browser that holds this device key."""
    issued = _short(int(now.timestamp()))
    return f"{issued}.{_mac(key, f'ticket|{event_id}|{issued}|{device}', 2 * MAC)}"


def check_ticket(key: bytes, text: str, event_id: int, device: str, now: datetime) -> None:
    """RuleError unless it was given for this event to this browser within the last 5 minutes."""
    found = TICKET.fullmatch(text)
    if found is None or not hmac.compare_digest(
        found[2], _mac(key, f"ticket|{event_id}|{found[1]}|{device}", 2 * MAC)
    ):
        raise RuleError(OTHER)
    if not 0 <= int(now.timestamp()) - int(found[1], 36) <= TICKET_LASTS:
        raise RuleError(STALE)


def device_hash(key: bytes, device: str) -> str:
    """What is stored of a device's key: a keyed hash, 64 hexadecimal digits."""
    return hmac.new(key, f"device|{device}".encode(), hashlib.sha256).hexdigest()


def _short(number: int) -> str:
    """Base 36, as `int(text, 36)` reads it."""
    text = ""
    while number or not text:
        number, rest = divmod(number, 36)
        text = DIGITS[rest] + text
    return text


def _mac(key: bytes, text: str, length: int) -> str:
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()[:length]
