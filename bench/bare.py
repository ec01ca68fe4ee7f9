"""The bare limit: what the same server and the same driver cost without an application around them.

Flask's signed session, the database's own driver, one connection a thread, a compiled template; no ORM, no
forms, no translation, no compression. BENCH_BARE names the database.
"""

import os
import sqlite3
import threading
from typing import Any

import psycopg
from argon2 import PasswordHasher
from flask import Flask, Response, abort, render_template, session
from jinja2 import DictLoader

PEOPLE, ROWS, COURSES = 240, 40, 4
HASH = "$argon2id$v=19$m=19456,t=2,p=1$wCoZinZaxbkBPx+zoU89tQ$G7igtmw6DzYzwsPy5C8azCOltyyp4KXIBSbiai+MNDg"
SCHEMA = (
    "CREATE TABLE login (token INTEGER PRIMARY KEY, person_id INTEGER NOT NULL, name TEXT NOT NULL)",
    "CREATE TABLE year (person_id INTEGER PRIMARY KEY, done INTEGER NOT NULL, target INTEGER NOT NULL)",
    "CREATE TABLE course (id INTEGER PRIMARY KEY, person_id INTEGER NOT NULL, title TEXT NOT NULL)",
    "CREATE INDEX course_person ON course (person_id)",
    "CREATE TABLE beat (person_id INTEGER PRIMARY KEY, at DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE spent (person_id INTEGER PRIMARY KEY, seconds INTEGER NOT NULL)",
)
HOME = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{{ name }}</title></head><body>
<h1>{{ name }}</h1><p>{{ year[0] }} / {{ year[1] }}</p><ul>
{% for id, title in courses %}<li><a href="/c/{{ id }}">{{ title }}</a></li>
{% endfor %}</ul>FILL</body></html>"""
PLAIN = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{{ name }}</title></head><body>
<h1>{{ name }}</h1><p>FILL</p></body></html>"""
LIST = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{{ name }}</title></head><body>
<table>{% for id, done, target in rows %}<tr><td><a href="/m/{{ id }}">{{ id }}</a></td><td>{{ done }}</td>
<td>{{ target }}</td></tr>{% endfor %}</table>FILL</body></html>"""


class Database:
    """One connection a thread, of either kind."""

    def __init__(self, address: str) -> None:
        self.address, self.kept = address, threading.local()
        self.is_sqlite = address.startswith("sqlite")

    @property
    def connection(self) -> Any:
        """This thread's own."""
        if not hasattr(self.kept, "connection"):
            self.kept.connection = self._connect()
        return self.kept.connection

    def _connect(self) -> Any:
        if not self.is_sqlite:
            return psycopg.connect(self.address)
        connection = sqlite3.connect(self.address.removeprefix("sqlite:///"), timeout=5, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def begin(self, *, write: bool = False) -> Any:
        """A cursor in a new transaction."""
        cursor = self.connection.cursor()
        if self.is_sqlite:
            cursor.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        return cursor

    def ask(self, cursor: Any, statement: str, *values: Any) -> list[Any]:
        """The rows; `?` stands for a value in both dialects."""
        return list(cursor.execute(self._spelt(statement), values).fetchall())

    def tell(self, cursor: Any, statement: str, *values: Any) -> None:
        """A change."""
        cursor.execute(self._spelt(statement), values)

    def _spelt(self, statement: str) -> str:
        return statement if self.is_sqlite else statement.replace("?", "%s")


def fill(address: str) -> None:
    """Make the tables and their rows, on an empty database."""
    database = Database(address)
    cursor = database.begin(write=True)
    for statement in SCHEMA:
        database.tell(cursor, statement)
    for number in range(1, PEOPLE + 1):
        database.tell(cursor, "INSERT INTO login VALUES (?, ?, ?)", number, number, f"示例{number}")
        database.tell(cursor, "INSERT INTO year VALUES (?, ?, ?)", number, 2150, 3200)
        for course in range(COURSES):
            values = number * COURSES + course, number, f"示例课程{course}"
            database.tell(cursor, "INSERT INTO course VALUES (?, ?, ?)", *values)
    database.connection.commit()
    database.connection.close()


def create_app(address: str, size: int, list_size: int) -> Flask:
    """Pages of these sizes in bytes over this database."""
    app = Flask("bench_bare")
    app.secret_key = "bare"
    sizes = {"home": (HOME, size), "list": (LIST, list_size), "plain": (PLAIN, 2000)}
    own = {"home": 600, "list": ROWS * 75, "plain": 200}  # what the pages weigh without the filling
    app.jinja_loader = DictLoader(
        {
            name: text.replace("FILL", "x" * max(0, wanted - own[name]))
            for name, (text, wanted) in sizes.items()
        }
    )
    app.jinja_env.auto_reload = False
    database = Database(address)
    _pages(app, database)
    _event(app, database)
    _login(app)
    return app


def _pages(app: Flask, database: Database) -> None:
    """What is read: a home of three queries, a list of one, a page of none."""

    def signed(cursor: Any) -> Any:
        rows = database.ask(cursor, "SELECT person_id, name FROM login WHERE token = ?", session.get("id", 0))
        return rows[0] if rows else abort(401)

    @app.get("/")
    def home() -> str:
        cursor = database.begin()
        person, name = signed(cursor)
        year = database.ask(cursor, "SELECT done, target FROM year WHERE person_id = ?", person)[0]
        courses = database.ask(
            cursor, "SELECT id, title FROM course WHERE person_id = ? ORDER BY id LIMIT 4", person
        )
        database.connection.rollback()
        return render_template("home", name=name, year=year, courses=courses)

    @app.get("/list")
    def members() -> str:
        cursor = database.begin()
        _person, name = signed(cursor)
        rows = database.ask(
            cursor, "SELECT person_id, done, target FROM year ORDER BY person_id LIMIT ?", ROWS
        )
        database.connection.rollback()
        return render_template("list", name=name, rows=rows)

    @app.get("/plain")
    def plain() -> str:
        return render_template("plain", name="示例")


def _event(app: Flask, database: Database) -> None:
    """What is written: two rows, one commit."""
    beat = "INSERT INTO beat VALUES (?, ?) ON CONFLICT (person_id) DO UPDATE SET at = excluded.at"
    spent = (
        "INSERT INTO spent VALUES (?, ?) ON CONFLICT (person_id) DO UPDATE SET seconds = spent.seconds + 30"
    )

    @app.post("/event")
    def event() -> Response:
        cursor, person = database.begin(write=True), session.get("id", 0)
        database.tell(cursor, beat, person, 0.5)
        database.tell(cursor, spent, person, 30)
        database.connection.commit()
        return Response(status=204)


def _login(app: Flask) -> None:
    """The hash alone, as many at once as in pbtrain."""
    hasher, turn = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1), threading.Lock()

    @app.post("/login")
    def login() -> Response:
        with turn:
            hasher.verify(HASH, "bench-password")
        return Response(status=204)


def from_environment() -> Flask:
    """What gunicorn starts: `bench.bare:from_environment()`."""
    sizes = os.environ.get("BENCH_SIZES", "20000,20000").split(",")
    return create_app(os.environ["BENCH_BARE"], *(int(size) for size in sizes))
