"""The house rules that a machine can check."""

import ast
import importlib
import logging.config
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from tools import messages

TOP = Path(__file__).parents[1]
SOURCES = sorted((TOP / "pbtrain").rglob("*.py"))
MAX_FILE, MAX_FUNCTION = 400, 50
LONG_FOR_A_REASON: set[str] = set()  # "pbtrain/hours/posting.py:post_many"; the docstring gives the reason


@cache
def trees() -> dict[Path, ast.Module]:
    """Every module of the application, read when the first test asks: each worker imports this file."""
    return {path: ast.parse(path.read_text()) for path in SOURCES}


def name_of(path: Path) -> str:
    return str(path.relative_to(TOP))


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


ROOMS = ("rules", "models", "queries", "services", "forms", "views")  # each may use those before it


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__")


@cache
def rooms() -> dict[str, int]:
    """Places in ROOMS, by module: of those that bear the name and those that say so in their first lines."""
    found = {}
    for path, tree in trees().items():
        named = [part for part in module_of(path).split(".")[2:] if part in ROOMS]
        said = re.search(r"\bpart\s+of\s+the\s+(\w+)", ast.get_docstring(tree) or "", re.I)
        room = named[-1] if named else said[1] if said else ""
        if room in ROOMS:
            found[module_of(path)] = ROOMS.index(room)
    return found


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Calls of these names, bare or as an attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in names:
                yield node


def test_imports_point_downwards(capsys, monkeypatch):
    # Its own set-up of logging would switch off every logger there is, for all tests that come later.
    monkeypatch.setattr(logging.config, "dictConfig", lambda settings: None)
    assert lint_imports(config_filename=str(TOP / "tests/importlinter.ini"), cache_dir=None) == 0, (
        capsys.readouterr().out
    )


def test_a_module_keeps_to_the_room_it_says_it_is_part_of():
    """The contracts know rooms by name; what stands beside them says where it belongs, and keeps to it."""
    upwards = []
    for path, tree in trees().items():
        module, feature = module_of(path), ".".join(module_of(path).split(".")[:2]) + "."
        for node in ast.walk(tree):
            if module in rooms() and isinstance(node, ast.ImportFrom) and node.module:
                used = {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
                upwards += [
                    f"{module} uses {other}"
                    for other in used & rooms().keys()
                    if other.startswith(feature) and rooms()[other] > rooms()[module]
                ]
    assert upwards == []
    assert len(rooms()) > 250, "they still say so"


@pytest.mark.parametrize(
    ("pattern", "homes"),
    [
        (r"session\.commit\(|\.begin\(\)", {"pbtrain/core/db.py", "pbtrain/core/schema.py"}),
        (r"datetime\.(now|utcnow|today)\(|date\.today\(|time\.time\(", {"pbtrain/core/clock.py"}),
        (r"\bimport .*\bcurrent_user\b", {"pbtrain/org/access.py"}),
        (
            r"text\(\s*f[\"']|exec_driver_sql\(\s*f[\"']",
            {"pbtrain/core/sqlite.py"},
        ),  # SQL is not glued together
    ],
)
def test_one_home(pattern, homes):
    """Where transactions end, what time it is, who is signed in: each is answered in one place."""
    found = {name_of(path) for path in SOURCES if re.search(pattern, path.read_text())}
    assert found <= homes


def test_every_home_is_still_at_home():
    """The patterns above match what they guard."""
    assert "session.commit(" in (TOP / "pbtrain/core/db.py").read_text()
    assert "datetime.now(" in (TOP / "pbtrain/core/clock.py").read_text()
    assert "current_user" in (TOP / "pbtrain/org/access.py").read_text()


def test_no_file_is_too_long():
    long = {name_of(path): n for path in SOURCES if (n := len(path.read_text().splitlines())) > MAX_FILE}
    assert long == {}, "its feature wants another room"


def test_no_function_is_too_long():
    long = {}
    for path, node in functions():
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > MAX_FUNCTION and f"{name_of(path)}:{node.name}" not in LONG_FOR_A_REASON:
            long[f"{name_of(path)}:{node.name}"] = lines
    assert long == {}


def test_every_module_says_what_it_promises():
    silent = [name_of(path) for path, tree in trees().items() if tree.body and not ast.get_docstring(tree)]
    assert silent == []


def test_refusals_can_be_translated():
    """RuleError takes a msgid and parameters; a text put together beforehand has no translation."""
    glued = [
        f"{name_of(path)}:{call.lineno}"
        for path, tree in trees().items()
        for call in calls(tree, "RuleError", "Conflict", "N_", "_", "_l", "gettext")
        if call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
    ]
    assert glued == []


def test_refusals_are_marked_for_translation():
    """RuleError("…") without N_() would stay English."""
    bare = [
        f"{name_of(path)}:{call.lineno}"
        for path, tree in trees().items()
        for call in calls(tree, "RuleError", "Conflict")
        if call.args and isinstance(call.args[0], ast.Constant)
    ]
    assert bare == []


def test_what_is_used_of_a_module_is_there():
    """A function that moved away is missed at once, not by whoever opens the page; mypy reads few rooms."""
    known, missing = {module_of(path) for path in SOURCES}, []
    for path, tree in trees().items():
        nodes = list(ast.walk(tree))
        used = {
            alias.asname or alias.name: importlib.import_module(f"{node.module}.{alias.name}")
            for node in nodes
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
            if f"{node.module}.{alias.name}" in known
        }
        own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        own |= {node.arg for node in nodes if isinstance(node, ast.arg)}  # another thing of the same name
        missing += [
            f"{name_of(path)}:{node.lineno}: {node.value.id}.{node.attr}"
            for node in nodes
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if node.value.id in used.keys() - own and not hasattr(used[node.value.id], node.attr)
        ]
    assert missing == []


def test_every_message_is_translated():
    assert messages.problems() == []


def test_nothing_is_left_undone():
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    assert [name_of(path) for path in SOURCES if marks.search(path.read_text())] == []


def test_migrations_import_nothing_from_the_application():
    """A migration says what the tables were on its day, whatever the models say later."""
    versions = sorted((TOP / "migrations/versions").glob("*.py"))
    assert versions
    assert [
        name_of(path) for path in versions if re.search(r"^\s*(from|import) pbtrain", path.read_text(), re.M)
    ] == []


def test_requirements_are_locked_by_hash():
    """Every package of the lock has a version and a hash, and every wish is in it."""
    for name in ("requirements", "requirements-dev", "requirements-node"):
        lock = (TOP / f"{name}.txt").read_text()
        pinned = re.findall(r"^([a-z0-9][\w.-]*)(?:\[[\w,]+\])?==", lock, re.M | re.I)
        hashed = re.findall(
            r"^([a-z0-9][\w.-]*)(?:\[[\w,]+\])?==[^\n]*\\\n\s+--hash=sha256:", lock, re.M | re.I
        )
        assert pinned == hashed
        wished = re.findall(r"^([a-z][\w.-]*)", (TOP / f"{name}.in").read_text(), re.M | re.I)
        assert {w.lower() for w in wished} <= {p.lower() for p in pinned}


def test_the_version_stands_in_the_changelog():
    version = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(
        rf"^## .*\b{re.escape(version)}\b|^## \[Unreleased\]", (TOP / "CHANGELOG.md").read_text(), re.M
    )
