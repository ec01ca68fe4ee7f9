"""Rows of the access matrix: who may do what where, in words, and what each answer must then be.

Whose grant has ended or has not begun (`SHADOWS`) is asked wherever the role itself is named, and must find
what somebody without it finds.

Reach, seen from the visitor's own unit: `all` (any), `own` (that unit alone), `subtree` (it and all below),
`mine` (only what belongs to the person), `none` (found nowhere), `barred` (as subtree, but 403 there).
Whoever a row does not name is refused: 403, or the way to the entrance for who is not signed in.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from flask import Flask, Response, templating
from sqlalchemy import Engine, event
from werkzeug.routing import Rule
from werkzeug.test import Client

from pbtrain.core import pages
from pbtrain.core.db import ReadFirstSession
from pbtrain.org.roles import Perm
from tests.support.cast import CAST, SHADOWS, Visitor, World

GROUPS = {
    "everyone": tuple(CAST),
    "members": tuple(name for name, (_home, _role, stands_there) in CAST.items() if stands_there),
    "secretary": ("secretary", "other_secretary", "acting_secretary"),
    "academy": ("academy_admin", "course_author"),
}
PERMS = frozenset(Perm)
WITHIN = {
    "all": {"inside", "above", "below", "beside", "far", "mine"},
    "own": {"inside", "mine"},
    "subtree": {"inside", "below", "mine"},
    "mine": {"mine"},
    "none": set[str](),
    "barred": set[str](),
}
PAGE = {200}
DONE = {200, 302, 303, 400, 409, 422}  # a form without its fields comes back, or there was nothing to fill in


@dataclass(frozen=True)
class Row:
    """What is expected of one endpoint; see `row`."""

    guard: str
    who: dict[str, str]
    get: frozenset[int]
    post: frozenset[int]
    kinds: tuple[str, ...]
    use: dict[str, str]
    query: str
    body: dict[str, str]
    outside: frozenset[int]
    led_on: frozenset[str]


def row(
    guard: str,
    *,
    get: int | set[int] = PAGE,
    post: int | set[int] = DONE,
    kinds: str = "",
    use: dict[str, str] | None = None,
    query: str = "",
    body: dict[str, str] | None = None,
    outside: int | set[int] = 404,
    led_on: str = "",
    **who: str,
) -> Row:
    """One reviewed line of the table.

    `who` names visitors or groups and their reach; `kinds` the units it makes sense for; `use` other objects
    for arguments of the rule (`course_id="draft_id"`); `query` and `body` carry ids where the path does not;
    `led_on` names visitors whom its page leads to another one.
    """
    if guard == "public":
        who = {"everyone": "all", "anonymous": "all"} | who
    reach: dict[str, str] = {}
    for name, words in who.items():
        reach |= dict.fromkeys(GROUPS.get(name, (name,)), words)
    reach |= {shadow: reach[now] for shadow, (now, _role) in SHADOWS.items() if now in reach}
    assert reach.keys() <= CAST.keys() | {"anonymous"}, f"unknown visitor in {who}"
    return Row(
        guard=guard,
        who=reach,
        get=frozenset({get} if isinstance(get, int) else get),
        post=frozenset({post} if isinstance(post, int) else post),
        kinds=tuple(kinds.split()),
        use=use or {},
        query=query,
        body=body or {},
        outside=frozenset({outside} if isinstance(outside, int) else outside),
        led_on=frozenset(led_on.split()),
    )


@dataclass
class Cell:
    """One question to the site: this visitor, this method, this object."""

    visitor: Visitor
    method: str
    scope: str
    place: str

    def __str__(self) -> str:
        return f"{self.visitor.name} {self.method} {self.scope} ({self.place or 'no object'})"


def cells(world: World, rule: Rule, wanted: Row, *, refused_too: bool = True) -> Iterator[Cell]:
    """Every visitor, each method of the rule, each relation to the object where the rule names one.

    A guard that refuses does so before any object is read, so whoever holds the permission nowhere is asked
    in one place only, and on one database only (`refused_too`): what is read there, the visitor's grants,
    is the same for every route.
    """
    methods = sorted((rule.methods or set()) & {"GET", "POST"})
    names_one = bool(set(rule.arguments) - {"filename"}) or "%(" in wanted.query + str(wanted.body)
    for visitor in world.visitors.values():
        _now, role = SHADOWS.get(visitor.name, (None, ""))
        if role and role not in wanted.who:
            continue
        scopes = list(world.scopes(visitor, wanted.kinds)) if names_one else [("inside", "")]
        if names_one and "mine" in wanted.who.values() and visitor.mine:
            scopes.append(("mine", visitor.home))
        refused = wanted.guard in PERMS and visitor.name not in wanted.who
        if refused and not refused_too and visitor.name != "anonymous":
            continue
        if visitor.name == "anonymous" or refused or role:
            scopes = scopes[:1]
        for method in methods:
            for scope, place in scopes:
                yield Cell(visitor, method, scope, place)


def expected(wanted: Row, cell: Cell) -> frozenset[int]:
    """The statuses that are right."""
    right = wanted.get if cell.method == "GET" else wanted.post
    if cell.method == "GET" and cell.visitor.name in wanted.led_on:
        right = frozenset({302})
    reach = wanted.who.get(cell.visitor.name)
    if wanted.guard != "public" and cell.visitor.name == "anonymous":
        return frozenset({302 if cell.method == "GET" else 303})
    if reach is None:
        return frozenset({403})
    if reach == "barred" and cell.scope in WITHIN["subtree"]:
        return frozenset({403})
    return right if cell.scope in WITHIN[reach] or not cell.place else wanted.outside


def plainly(code: int, sentence: str | None = None) -> Response:
    """A refusal without its page: drawing it took two fifths of the matrix, and other tests read it."""
    return Response(sentence, status=code)


@dataclass
class Drawn:
    """Each template is drawn twice; that all of them can be drawn for everybody is shown by the fuzz, which
    looks at every page as eight visitors on both databases."""

    real: Any
    times: Counter[str | None] = field(default_factory=Counter)

    def __call__(self, app: Flask, template: Any, context: dict[str, Any]) -> str:
        self.times[template.name] += 1
        return self.real(app, template, context) if self.times[template.name] <= 2 else ""


@dataclass
class Asker:
    """Asks the site as a browser would, and undoes at once whatever an answer would have changed."""

    app: Flask
    world: World
    wrote: bool = False
    draws: bool = False  # the pages of refusals, too
    changes: list[str] = field(default_factory=list)

    def ask(self, rule: Rule, wanted: Row, cell: Cell) -> Any:
        """The response; `wrote` tells whether a transaction that changed something came to its end."""
        ids = dict(self.world.ids[cell.place or cell.visitor.home or "branch"])
        if cell.scope == "mine":
            ids |= cell.visitor.mine
        ids |= {name: ids[other] for name, other in wanted.use.items()}
        adapter = self.app.url_map.bind("localhost")
        missing = set(rule.arguments) - ids.keys()
        assert not missing, (
            f"{rule.endpoint}: the world has no {sorted(missing)}; add it to tests/support/world/"
        )
        path = adapter.build(rule.endpoint, {name: ids[name] for name in rule.arguments}, method=cell.method)
        headers = {"Cookie": cell.visitor.cookie} if cell.visitor.cookie else {}
        data = {name: value % ids for name, value in wanted.body.items()} if cell.method == "POST" else None
        with self.undone():
            return Client(self.app, use_cookies=False).open(
                path,
                method=cell.method,
                query_string=wanted.query % ids,
                headers=headers,
                data=data,
                buffered=True,
            )

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What would be written is rolled back instead; `wrote` tells whether there was anything."""
        real, self.wrote = ReadFirstSession.commit, False
        self.changes.clear()

        def commit(session: Any) -> None:
            session.flush()
            self.wrote = self.wrote or bool(self.changes)
            session.rollback()

        ReadFirstSession.commit = commit  # type: ignore[method-assign]
        try:
            yield
        finally:
            ReadFirstSession.commit = real  # type: ignore[method-assign]

    def __enter__(self) -> Self:
        self.show, self.render = pages.show, templating._render
        if not self.draws:
            pages.show = plainly  # type: ignore[assignment]
            templating._render = Drawn(self.render)
        event.listen(Engine, "after_cursor_execute", self.listen)
        return self

    def __exit__(self, *error: object) -> None:
        event.remove(Engine, "after_cursor_execute", self.listen)
        pages.show, templating._render = self.show, self.render  # type: ignore[method-assign]

    def listen(self, connection, cursor, statement, parameters, context, executemany) -> None:
        """A change that met no row is none; with RETURNING the count is not known yet."""
        if statement.startswith(("INSERT", "UPDATE", "DELETE")) and (
            cursor.rowcount or "RETURNING" in statement
        ):
            self.changes.append(statement)
