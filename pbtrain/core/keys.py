"""Keys of a site: `session`, `data`, `lookup` and `link`, each a file that only the site may read."""

import os
import secrets
from pathlib import Path

NAMES = ("session", "data", "lookup", "link")
LENGTH = 32


class KeyProblem(RuntimeError):
    """A key is missing, too short or readable by others; the text says which and what to do."""


def folder(instance_path: str) -> Path:
    """PBTRAIN_KEYS_DIR, or instance/keys."""
    return Path(os.environ.get("PBTRAIN_KEYS_DIR") or Path(instance_path, "keys"))


def ensure(where: Path) -> list[str]:
    """Make the keys that are missing, readable by the owner only; return their names."""
    where.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = []
    for name in NAMES:
        path = where / name
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(LENGTH).hex().encode())
            made.append(name)
    return made


def read(where: Path) -> dict[str, bytes]:
    """The keys as bytes; KeyProblem when one is missing, short, or open to others."""
    found = {}
    for name in NAMES:
        path = where / name
        if not path.is_file():
            raise KeyProblem(f"key '{name}' is missing in {where}: run 'python -m pbtrain.core.keys'")
        if path.stat().st_mode & 0o077:
            raise KeyProblem(f"key '{name}' is readable by others: run 'chmod 600 {path}'")
        try:
            key = bytes.fromhex(path.read_text().strip())
        except ValueError:
            key = b""
        if len(key) < LENGTH:
            raise KeyProblem(f"key '{name}' is not {LENGTH} bytes in hex: restore it, or make new keys")
        found[name] = key
    return found


def rotate(where: Path, name: str) -> None:
    """Replace the session or link key; old sessions or links stop working. Data and lookup keys stay."""
    if name not in ("session", "link"):
        raise KeyProblem(f"key '{name}' protects stored data and cannot be replaced by this command")
    (where / name).unlink(missing_ok=True)
    ensure(where)


if __name__ == "__main__":  # a command of its own, because the application does not start without keys
    place = folder(os.environ.get("PBTRAIN_INSTANCE_PATH") or "instance")
    print(f"Made {', '.join(ensure(place)) or 'nothing, all are there'} in {place}")
