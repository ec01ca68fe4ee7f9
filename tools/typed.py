"""Print the files that mypy checks strictly: core, and every feature's rules, grading and services."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "pbtrain"
ROOMS = ("rules.py", "grading.py", "services.py", "roles.py", "policy.py")


def typed_files() -> list[str]:
    """Paths from the top of the project, sorted."""
    found = {*PACKAGE.glob("core/**/*.py")}
    for room in ROOMS:
        found |= {*PACKAGE.rglob(room)}
    return sorted(str(path.relative_to(PACKAGE.parent)) for path in found)


if __name__ == "__main__":
    print(" ".join(typed_files()))
