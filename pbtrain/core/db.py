"""The database: sessions that only read, the two places that commit, the base model and its column types.

Reading is the default: every connection begins read-only, so that a GET never waits for SQLite's one
writer and cannot change anything by mistake. Only `transaction()` and `record_apart()` may write.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from flask import g, has_request_context
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import BigInteger, Connection, DateTime, Integer, MetaData, TypeDecorator, bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, registry

from pbtrain.core.errors import Conflict, RuleError

_writing: ContextVar[bool] = ContextVar("pbtrain_writing", default=False)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A row that changes but keeps its id: whoever writes rows that refer to it need not wait. Without this a
# transfer, which locks a member, and a posting, whose lines refer to members, wait for each other.
UNKEYED: dict[str, Any] = {"key_share": True}


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as naive UTC. A naive one is refused."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}; use clock.now()")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Micros(TypeDecorator[datetime]):
    """An aware datetime, stored as whole microseconds since 1970: the same integer in SQL and in a hash."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


def micros(instant: datetime) -> int:
    """Whole microseconds since 1970 of an aware instant."""
    return (instant - EPOCH) // timedelta(microseconds=1)


NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    # On the registry, not as attributes: Flask-SQLAlchemy subclasses Base once more.
    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={datetime: UTCDateTime},
    )


class ReadFirstSession(FlaskSession):
    """Binds to the reading engine unless a transaction has been opened for writing."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Any:
        engine = super().get_bind(*args, **kwargs)
        return engine if _writing.get() else reading(engine)


def reading(engine: Any) -> Any:
    """The same pool, whose transactions begin read-only; one such engine per engine, or each statement of a
    session would take a connection of its own."""
    found = vars(engine).get("pb_reading")
    if found is None:
        found = engine.pb_reading = engine.execution_options(pb_reading=True, postgresql_readonly=True)
    return found


db = SQLAlchemy(model_class=Base, session_options={"class_": ReadFirstSession})

if TYPE_CHECKING:

    class _Model(Base):
        __abstract__ = True
else:
    _Model = db.Model


class Model(_Model):
    """Every table has an integer `id`."""

    __abstract__ = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True, sort_order=-1)


@contextmanager
def transaction(form: Any = None) -> Iterator[Session]:
    """Write: one fresh transaction, committed at the end. With a form, a broken rule lands on its field.

    What was read before is dropped, so load the rows you change inside the block. After a broken rule
    with a form, `form.errors` is not empty and nothing has been written. A lost race is raised all the same:
    its answer is the page that says who was faster; only a form that `keeps_races` comes back with it.
    """
    session = db.session()
    if _writing.get():
        raise RuntimeError("transactions do not nest")
    session.rollback()
    token = _writing.set(True)
    try:
        yield session
        session.commit()
    except RuleError as error:
        session.rollback()
        if form is None or (isinstance(error, Conflict) and not form.keeps_races):
            raise
        form.blame(error)
    except BaseException:
        session.rollback()
        raise
    finally:
        _writing.reset(token)


@contextmanager
def record_apart() -> Iterator[Session]:
    """A short transaction of its own, for what must survive a refusal: failed sign-ins, denials, last-seen.

    Never inside `transaction()`: SQLite has one writer, and it would wait for itself.
    """
    if _writing.get():
        raise RuntimeError("record_apart() inside transaction() would wait for itself")
    db.session.rollback()
    with Session(db.engine) as session, session.begin():
        yield session


def unhurried() -> None:
    """What this request reads from here on may take as long as an export needs (EXPORT_STATEMENT_WAIT).

    Jobs and commands have their own time; a transaction that writes keeps the time it began with.
    """
    if has_request_context() and not _writing.get():
        g.unhurried = True
        db.session.rollback()  # the next statement takes a connection anew


@contextmanager
def glance() -> Iterator[Connection]:
    """A connection for a look or two outside the session, where each statement stands for itself.

    On PostgreSQL no transaction is begun and ended around them: two journeys to the server fewer.
    """
    engine: Any = db.engine
    if is_postgresql():
        found = vars(engine).get("pb_glancing")
        if found is None:
            found = engine.pb_glancing = engine.execution_options(isolation_level="AUTOCOMMIT")
        engine = found
    else:
        engine = reading(engine)
    with engine.connect() as connection:
        yield connection


def is_postgresql() -> bool:
    """Does this application run on PostgreSQL?"""
    return bool(db.engine.dialect.name == "postgresql")


def render_item(kind: str, item: Any, context: Any) -> str | bool:
    """Write plain SQLAlchemy types into migrations, which must not import pbtrain."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime()"
    if kind == "type" and isinstance(item, Micros):
        return "sa.BigInteger()"
    return False


def insert_new(table: type[Model]) -> Any:
    """INSERT … ON CONFLICT DO NOTHING in the dialect at hand: what is there already stays as it is."""
    dialect = postgresql if is_postgresql() else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def prepared(build: Callable[[], Any]) -> Callable[..., Any]:
    """A statement of columns that is built and compiled once: call it with its parameters for the result.

    For what runs all day: building and compiling an INSERT … ON CONFLICT, which SQLAlchemy does not cache,
    costs several times what the database needs for it. It neither flushes nor touches loaded objects. `via`:
    the connection of a `glance`, instead of the session's.
    """
    kept: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # by dialect, of which each engine has its own

    @wraps(build)
    def run(*, via: Connection | None = None, **parameters: Any) -> Any:
        connection = via or db.session.connection()
        if connection.dialect not in kept:
            kept[connection.dialect] = build().compile(dialect=connection.dialect)
        return connection.execute(kept[connection.dialect], parameters)

    return run


def insert_of(table: type[Model], *columns: str) -> Any:
    """INSERT of one row whose columns are parameters of the same names: for `prepared`."""
    kinds = table.__table__.c
    return insert(table).values({name: bindparam(name, type_=kinds[name].type) for name in columns})
