"""Print the files that mypy checks strictly: core, the door, every feature's rules, roles, services."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "pbtrain"
ROOMS = ("rules", "grading", "services", "roles", "policy", "posting", "chain")


def typed_files() -> list[str]:
    """Paths from the top of the project, sorted; a room may be a module or a package."""
    found = {*PACKAGE.glob("core/**/*.py"), *PACKAGE.glob("events/door/*.py")}
    for room in ROOMS:
        found |= {*PACKAGE.rglob(f"{room}.py"), *PACKAGE.rglob(f"{room}/**/*.py")}
    return sorted(str(path.relative_to(PACKAGE.parent)) for path in found)


if __name__ == "__main__":
    print(" ".join(typed_files()))
