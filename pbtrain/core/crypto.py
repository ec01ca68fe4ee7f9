"""Fields that must not be read from a stolen database: sealed under the `data` key, found under `lookup`.

`purpose` ("member.id_number") is bound into both, so that a value cannot be moved to another column.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

from pbtrain.core.tokens import keyed

VERSION = b"\x01"
NONCE = 12


class SealProblem(RuntimeError):
    """A sealed value cannot be opened: another key, another column, or damaged."""


def _cipher() -> AESGCM:
    return AESGCM(current_app.config["KEYS"]["data"][:32])


def encrypt(text: str, purpose: str) -> bytes:
    """The text sealed with AES-256-GCM: a version byte, the nonce, the rest."""
    nonce = secrets.token_bytes(NONCE)
    return VERSION + nonce + _cipher().encrypt(nonce, text.encode(), purpose.encode())


def decrypt(sealed: bytes, purpose: str) -> str:
    """What `encrypt` was given; SealProblem when the key or the purpose is another one."""
    if sealed[:1] != VERSION:
        raise SealProblem(f"sealed value of unknown version {sealed[:1]!r}")
    nonce, body = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
    try:
        return _cipher().decrypt(nonce, body, purpose.encode()).decode()
    except InvalidTag:
        raise SealProblem(f"a sealed value ({purpose}) does not open under this site's data key") from None


def lookup(text: str, purpose: str) -> str:
    """A keyed hash (64 hex digits) that finds the same text again without telling it."""
    return keyed(current_app.config["KEYS"]["lookup"], f"{purpose}:{text}")
