"""Time-based one-time codes (RFC 6238: HMAC-SHA1, six digits, 30 seconds), as every authenticator app has."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

SECONDS, DIGITS, DRIFT = 30, 6, 1  # a clock may be one step off


def new_secret() -> str:
    """160 random bits as base32, which is how apps take them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def step_at(now: datetime) -> int:
    """The number of the 30 seconds in which `now` lies."""
    return int(now.timestamp()) // SECONDS


def code_at(secret: str, step: int) -> str:
    """The six digits of that step."""
    mac = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step whose code this is, the present one or a neighbour; None when it is of none of them."""
    here, found = step_at(now), None
    for step in range(here - DRIFT, here + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step
    return found


def address(secret: str, *, username: str, site: str) -> str:
    """The otpauth: address that an app reads from the square, with names as it will show them."""
    facts = urlencode(
        {"secret": secret, "issuer": site, "digits": DIGITS, "period": SECONDS}, quote_via=quote
    )
    return f"otpauth://totp/{quote(f'{site}:{username}')}?{facts}"


def grouped(secret: str) -> str:
    """'ABCDEFGH' -> 'ABCD EFGH', to be typed by hand."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
