"""Thousands of rows in one statement: what must be quick while everybody else waits for the writer.

Everything that costs Python's time (`native`) happens before the transaction; inside it the driver is handed
finished rows: executemany on SQLite, COPY and UPDATE … FROM unnest(…) on PostgreSQL. Table and column names
come from the models, never from outside.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Select, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from pbtrain.core.db import db, is_postgresql

Rows = Sequence[tuple[Any, ...]]


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
    """So many ids that nobody else will take, in a transaction that writes."""
    if not count:
        return ()
    if is_postgresql():
        sequence = func.pg_get_serial_sequence(table.name, "id")
        taken = select(func.nextval(sequence)).select_from(func.generate_series(1, count))
        return db.session.scalars(taken).all()
    first = (db.session.scalar(select(func.max(table.c.id))) or 0) + 1
    return range(first, first + count)


def insert(table: Any, columns: Sequence[str], rows: Rows) -> None:
    """Add finished rows; columns that are not named take the database's own default, not the model's."""
    if not rows:
        return
    names = ", ".join(columns)
    connection = db.session.connection()
    if is_postgresql():
        driver: Any = connection.connection
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(columns))
    connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(rows))  # noqa: S608


def update(
    table: Any, columns: Sequence[str], rows: Rows, *, expect: Sequence[str] = (), key: str = "id"
) -> int:
    """Change the rows that still hold what is expected; how many did.

    Each of `rows` is (key, new value of each of `columns`, expected value of each of `expect`).
    """
    if not rows:
        return 0
    connection = db.session.connection()
    if not is_postgresql():
        new = ", ".join(f"{name} = ?" for name in columns)
        still = "".join(f" AND {name} IS ?" for name in expect)
        values = [(*row[1 : len(columns) + 1], row[0], *row[len(columns) + 1 :]) for row in rows]
        return connection.exec_driver_sql(
            f"UPDATE {table.name} SET {new} WHERE {key} = ?{still}",  # noqa: S608
            values,
        ).rowcount
    kinds = [_array(table.c[name]) for name in (key, *columns, *expect)]
    names = ", ".join(["k", *(f"n{i}" for i in range(len(columns))), *(f"o{i}" for i in range(len(expect)))])
    new = ", ".join(f"{name} = d.n{place}" for place, name in enumerate(columns))
    still = "".join(f" AND t.{name} IS NOT DISTINCT FROM d.o{place}" for place, name in enumerate(expect))
    source = f"unnest({', '.join(f'%s::{kind}[]' for kind in kinds)}) AS d({names})"
    statement = f"UPDATE {table.name} t SET {new} FROM {source} WHERE t.{key} = d.k{still}"  # noqa: S608
    return connection.exec_driver_sql(
        statement, tuple(list(column) for column in zip(*rows, strict=True))
    ).rowcount


def among(ids: Sequence[int]) -> Select[Any]:
    """The ids as a subselect, for `column.in_(...)`: one parameter, however many there are."""
    if is_postgresql():
        return select(func.unnest(cast(list(ids), ARRAY(BigInteger))))
    return select(func.json_each(json.dumps(list(ids))).table_valued("value").c.value)


def _array(column: Column[Any]) -> str:
    """The type of a column's values, as a cast names it."""
    return column.type.compile(dialect=db.engine.dialect)
