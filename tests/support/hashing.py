"""Hashes of passwords that cost next to nothing.

A real one takes 20 ms and 19 MB by design, and the tests make and check more than a thousand; what a real one
must cost is looked at where the fixture `real_hashes` is asked for.
"""

from argon2 import PasswordHasher

from pbtrain.accounts import passwords

REAL = {"_hasher": passwords._hasher, "NOBODY": passwords.NOBODY}


def cheapen() -> None:
    """From here on, in this process: before any test module makes a hash of its own."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords.NOBODY = passwords._hasher.hash("nobody's")
