"""Keep the message catalogues: `python -m tools.messages update` collects them, `check` refuses gaps."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

TOP = Path(__file__).parents[1]
CATALOGUE = TOP / "pbtrain/translations/zh_Hans_CN/LC_MESSAGES/messages.po"
EXTRACT = ("-F", "babel.cfg", "-k", "N_", "-k", "_l", "--no-location", "--sort-output", "--omit-header")


def extracted() -> Catalog:
    """Every message the sources contain now."""
    with TemporaryDirectory() as folder:
        pot = Path(folder, "messages.pot")
        command = [
            sys.executable,
            "-m",
            "babel.messages.frontend",
            "-q",
            "extract",
            *EXTRACT,
            "-o",
            pot,
            "pbtrain",
        ]
        subprocess.run(command, cwd=TOP, check=True)  # noqa: S603 - our own command line
        with pot.open("rb") as file:
            return read_po(file)


def translated() -> Catalog:
    """The Chinese catalogue as it stands."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh_Hans_CN")


def problems() -> list[str]:
    """One line for each message that has no translation, is fuzzy, or loses a parameter."""
    catalogue = translated()
    found = []
    for message in extracted():
        if not message.id:
            continue
        name = message.id if isinstance(message.id, str) else message.id[0]
        known = catalogue.get(name, message.context)
        if known is None or not known.string or (isinstance(known.string, tuple) and not all(known.string)):
            found.append(f"untranslated: {name}")
        elif known.fuzzy:
            found.append(f"fuzzy: {name}")
        else:
            found += [f"{name}: {error}" for error in known.check(catalogue)]
    return found


def update() -> None:
    """Bring the catalogue in line with the sources: new messages empty, unused ones gone."""
    old, new = translated(), extracted()
    catalogue = Catalog(locale="zh_Hans_CN", project="pbtrain", charset="utf-8", fuzzy=False)
    for message in new:
        if message.id:
            name = message.id if isinstance(message.id, str) else message.id[0]
            known = old.get(name, message.context)
            catalogue.add(message.id, known.string if known else None, context=message.context)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, sort_output=True, width=110)
    with CATALOGUE.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)


def main(command: str) -> int:
    """Run `update` or `check`; 1 when something is missing."""
    if command == "update":
        update()
    missing = problems()
    print("\n".join(missing) or "Every message is translated.")
    return int(bool(missing) and command == "check")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
