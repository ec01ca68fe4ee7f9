"""Thousands of rows in one statement: what must be quick while everybody else waits for the writer.

Everything that costs Python's time (`native`) happens before the transaction; inside it the driver is handed
finished rows: executemany on SQLite, COPY and UPDATE … FROM unnest(…) on PostgreSQL. Table and column names
come from the models, never from outside.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.sql import SQL, Identifier
from sqlalchemy import BigInteger, Select, TypeDecorator, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType

from pbtrain.core.db import db, is_postgresql

Rows = Sequence[tuple[Any, ...]]
MANY = 2_000  # rows after which plans made for a small table do harm


@dataclass(frozen=True)
class Packed:
    """Finished rows as an UPDATE takes them: of PostgreSQL a text for each column, else the rows."""

    count: int
    given: Sequence[Any]

    def __len__(self) -> int:
        return self.count


def packed(table: Any, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Packed:
    """The rows for `update`, with nothing left to be done while others wait."""
    return _pack(native(table, columns, rows))


def _pack(rows: Rows) -> Packed:
    if not is_postgresql():
        return Packed(len(rows), rows)
    driver: Any = db.session.connection().connection.driver_connection
    forms, texts = Transformer(driver), []
    for values in map(list, zip(*rows, strict=True)):
        texts.append(bytes(forms.get_dumper(values, PyFormat.TEXT).dump(values) or b"").decode())
    return Packed(len(rows), texts)


def native(table: Any, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """The rows as the driver wants them: dates, instants and bytes in this database's own form."""
    dialect = db.engine.dialect
    change = [
        (place, process)
        for place, name in enumerate(columns)
        if (process := table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) is not None
    ]
    if not change:
        return [tuple(row) for row in rows]
    done = []
    for row in rows:
        values = list(row)
        for place, process in change:
            values[place] = process(values[place])
        done.append(tuple(values))
    return done


def defaults(table: Any, columns: Sequence[str]) -> dict[str, Any]:
    """What the model gives the columns that are not named: constants only, or a row could not be finished."""
    return {
        column.name: column.default.arg
        for column in table.columns
        if column.name not in columns and column.default is not None and column.default.is_scalar
    }


def reserve(table: Any, count: int) -> Sequence[int]:
    """So many ids that nobody else will take, in a transaction that writes.

    On PostgreSQL they are ours for good; on SQLite only while the transaction that uses them lasts.
    """
    if not count:
        return ()
    if is_postgresql():
        sequence = func.pg_get_serial_sequence(table.name, "id")
        taken = select(func.nextval(sequence)).select_from(func.generate_series(1, count))
        return db.session.scalars(taken).all()
    first = (db.session.scalar(select(func.max(table.c.id))) or 0) + 1
    return range(first, first + count)


def insert(table: Any, columns: Sequence[str], rows: Rows) -> None:
    """Add finished rows; every column that has no default of the database's own must be named."""
    if not rows:
        return
    connection = db.session.connection()
    if is_postgresql() and len(rows) == 1:  # COPY begins and ends with a journey to the server of its own
        alone = str(_insert_of(table, tuple(columns), connection.dialect))
        connection.exec_driver_sql(alone, dict(zip(columns, rows[0], strict=True)))
        return
    if is_postgresql():
        driver: Any = connection.connection.driver_connection
        names = SQL(", ").join(map(Identifier, columns))
        command = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table.name), names)
        if len(rows) >= MANY:  # foreign keys are checked by kept plans: of a small table, reading all of it
            connection.exec_driver_sql("DISCARD PLANS")
        try:
            with driver.cursor() as cursor, cursor.copy(command) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:  # whoever waits for an IntegrityError gets one
            raise DBAPIError.instance(command.as_string(driver), None, error, psycopg.Error) from error
        return
    statement = _insert_of(table, tuple(columns), connection.dialect)
    _send(connection, statement, {name: place for place, name in enumerate(columns)}, rows)


@lru_cache(maxsize=64)
def _insert_of(table: Any, columns: tuple[str, ...], dialect: Any) -> Any:
    return table.insert().compile(dialect=dialect, column_keys=list(columns))


def update(
    table: Any, columns: Sequence[str], rows: Rows | Packed, *, expect: Sequence[str] = (), key: str = "id"
) -> int:
    """Change the rows that still hold what is expected; how many did.

    Each of `rows` is (key, new value of each of `columns`, expected value of each of `expect`).
    """
    if not rows:
        return 0
    ready = rows if isinstance(rows, Packed) else _pack(rows)
    connection = db.session.connection()
    statement, names = _update_of(table, tuple(columns), tuple(expect), key, connection.dialect)
    if is_postgresql():
        return int(connection.execute(statement, dict(zip(names, ready.given, strict=True))).rowcount)
    return _send(connection, statement, {name: place for place, name in enumerate(names)}, ready.given)


@lru_cache(maxsize=64)
def _update_of(
    table: Any, columns: tuple[str, ...], expect: tuple[str, ...], key: str, dialect: Any
) -> tuple[Any, list[str]]:
    """The statement, compiled once, and the names of its values in the order of a row."""
    names = ["k", *(f"new_{name}" for name in columns), *(f"old_{name}" for name in expect)]
    given: Any = {name: bindparam(name) for name in names}
    if dialect.name == "postgresql":
        kinds = (table.c[name].type for name in (key, *columns, *expect))
        lists = (
            cast(bindparam(name, type_=NullType()), ARRAY(_plain(kind)))
            for name, kind in zip(names, kinds, strict=True)
        )
        given = func.unnest(*lists).table_valued(*names, name="given").render_derived().c
    statement = (
        table.update()
        .where(table.c[key] == given["k"])
        .where(*(table.c[name].is_not_distinct_from(given[f"old_{name}"]) for name in expect))
        .values({name: given[f"new_{name}"] for name in columns})
    )
    return statement.compile(dialect=dialect), names


def _send(connection: Any, statement: Any, places: dict[str, int], rows: Rows) -> int:
    """A compiled statement for all rows, whose values stand at these places; how many rows it reached."""
    order = [places[name] for name in statement.positiontup]
    if order != list(range(len(rows[0]))):
        pick = itemgetter(*order)
        rows = [pick(row) for row in rows] if len(order) > 1 else [(pick(row),) for row in rows]
    return int(connection.exec_driver_sql(str(statement), list(rows)).rowcount)


def _plain(kind: Any) -> Any:
    """What a column's type is made of: finished values are not changed once more."""
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def among(values: Iterable[int] | Iterable[str], kind: Any = BigInteger) -> Select[Any]:
    """The ids (or texts, with `kind` String) as a subselect, for `column.in_(...)`: one parameter, however
    many there are. A list of a thousand parameters is read from end to end for each row that is looked at.
    """
    found = list(values)
    if is_postgresql():
        return select(func.unnest(cast(found, ARRAY(kind))))
    return select(func.json_each(json.dumps(found)).table_valued("value").c.value)


def listed(name: str) -> Select[Any]:
    """Ids for a statement that is `prepared`; its parameter of this name is `list_of(ids)`."""
    if is_postgresql():
        kind: Any = ARRAY(BigInteger)
        return select(func.unnest(cast(bindparam(name, type_=kind), kind)))
    return select(func.json_each(bindparam(name, type_=NullType())).table_valued("value").c.value)


def list_of(ids: Iterable[int]) -> Any:
    """Ids as the one parameter of `listed`."""
    return sorted(ids) if is_postgresql() else json.dumps(sorted(ids))
