"""Secrets that travel: random tokens, and what is stored of them."""

import hashlib
import hmac
import secrets

# No 0/O, 1/I/L: a slip is read aloud and typed on a phone.
SLIP_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_token() -> str:
    """256 random bits, safe in a URL and a cookie."""
    return secrets.token_urlsafe(32)


def slip_code(length: int = 12) -> str:
    """Twelve characters, about 59 bits, for a printed slip."""
    return "".join(secrets.choice(SLIP_ALPHABET) for _ in range(length))


def spaced(code: str) -> str:
    """'ABCDEFGHJKMN' -> 'ABCD-EFGH-JKMN', as it is printed."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def fingerprint(token: str) -> str:
    """What is stored of a token: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def keyed(key: bytes, text: str) -> str:
    """HMAC-SHA256 in hex: the same text under the same key gives the same value."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
