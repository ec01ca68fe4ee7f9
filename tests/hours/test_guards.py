"""What the database itself refuses, whoever asks, and that the rest of the row stays as it was."""

import sqlite3

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pbtrain.core.db import transaction
from pbtrain.hours import posting
from pbtrain.hours import services as hours
from pbtrain.hours.verify import verify
from tests.hours.conftest import line, post

COPY = (
    "INSERT INTO hour_entry SELECT {id}, book_id, {seq}, member_id, person, day, starts_at, ends_at,"
    " credit_year, activity, channel, mode, {minutes}, credit, policy_id, proof, reverses_id, {source},"
    " title, note, posted_by, posted_by_id, posted_at, {prev}, {hash} FROM hour_entry WHERE seq = 2"
)


def copy(id="16777219", seq="3", minutes="minutes", source="'forged'", prev="hash", hash="'f00d'"):
    return COPY.format(id=id, seq=seq, minutes=minutes, source=source, prev=prev, hash=hash)


REFUSED = {
    "update a line": "UPDATE hour_entry SET minutes = 5 WHERE seq = 1",
    "update its text": "UPDATE hour_entry SET title = 'x' WHERE seq = 1",
    "delete a line": "DELETE FROM hour_entry WHERE seq = 2",
    "forged hash": copy(),
    "a gap": copy(id="16777220", seq="4"),
    "other minutes": copy(minutes="minutes + 1"),
    "change a book's sums": "UPDATE book SET credit = credit + 100",
    "change a book's head": "UPDATE book SET head = prev_head FROM (SELECT 'x' AS prev_head) x",
    "delete a book": "DELETE FROM book",
    "a book that begins full": "INSERT INTO book (unit_id, year, entries, person_times, minutes, credit,"
    " prior_credit, head) SELECT unit_id, 2024, 1, 1, 1, 1, 0, head FROM book",
    "change a year's sums": "UPDATE member_year SET group_b = group_b + 100",
    "give a year to another": "UPDATE member_year SET credit_year = 2024",
    "delete a year": "DELETE FROM member_year",
    "a year that begins full": "INSERT INTO member_year (member_id, credit_year, entries, minutes, group_a,"
    " group_b, group_c, group_d, self_a, self_b, self_c, self_d, counted, target, due, on_care)"
    " SELECT member_id, 2024, 0, 0, 500, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, on_care FROM member_year",
    "change a policy": "UPDATE policy SET year = 2020",
    "delete a policy": "DELETE FROM policy",
}
ONLY = {
    "sqlite": {
        "replace a line": copy(id="16777217", seq="1").replace("INSERT", "INSERT OR REPLACE", 1),
        "replace a book": "INSERT OR REPLACE INTO book (id, unit_id, year, entries, person_times, minutes,"
        " credit, prior_credit, head) SELECT id, unit_id, year, 0, 0, 0, 0, 0, head FROM book",
        "update or replace": "UPDATE OR REPLACE hour_entry SET seq = 1 WHERE seq = 2",
    },
    "postgresql": {
        "truncate": "TRUNCATE hour_entry CASCADE",
        "truncate the books": "TRUNCATE book CASCADE",
        "upsert": copy(id="16777217", seq="1", source="source")
        + " ON CONFLICT (id) DO UPDATE SET minutes = 1",
    },
}


@pytest.fixture
def two_lines(make, branch):
    post(line(make.member(branch)), line(make.member(branch)))


def test_each_way_to_change_the_past_is_refused(db, backend, two_lines):
    before = contents(db)
    for what, statement in (REFUSED | ONLY[backend.name]).items():
        with pytest.raises(DBAPIError) as refusal, transaction() as session:
            session.execute(text(statement))
        said = str(refusal.value.orig)
        assert "ledger:" in said or "UNIQUE" in said or "unique" in said, (what, said)
        assert contents(db) == before, what
    assert list(verify()) == []


def contents(db):
    with transaction() as session:
        return [
            session.execute(text(f"SELECT * FROM {table} ORDER BY id")).all()
            for table in ("hour_entry", "book", "member_year", "policy")
        ]


def test_a_plain_client_cannot_insert(back, backend, two_lines):
    """SQLite's own client lacks the hash function; on PostgreSQL the hash must still be right."""
    with pytest.raises((sqlite3.OperationalError, psycopg.errors.IntegrityError)) as refusal:
        back.plain(copy())
    assert "pb_sha256" in str(refusal.value) or "ledger:" in str(refusal.value)


def test_the_application_cannot_drop_a_trigger(backend, db, two_lines):
    if backend.name == "postgresql":
        return  # there the owner's role decides; `flask doctor` warns when one role does both
    for statement in ("DROP TRIGGER hour_entry_no_update", "PRAGMA writable_schema = ON", "ATTACH 'x' AS x"):
        with pytest.raises(DBAPIError, match=r"not authorized|prohibited"), transaction() as session:
            session.execute(text(statement))


def test_a_reversal_must_mirror_one_line_of_the_same_member(db, make, branch):
    """Whatever code posts, the database checks the mirror."""
    first, second = make.member(branch), make.member(branch)
    ids = post(line(first), line(second, minutes=45)).entry_ids
    usual = posting.number

    def wrong(drafts, *args):
        for draft in drafts:
            draft.reverses_id = ids[1]
        return usual(drafts, *args)

    posting.number = wrong
    try:
        with pytest.raises(DBAPIError, match="mirrors"), transaction():
            hours.reverse_many(None, ids[:1], reason="冲错了行")
    finally:
        posting.number = usual
    assert list(verify()) == []


def test_a_sealed_book_takes_no_line_and_never_changes(db, make, branch):
    member = make.member(branch)
    post(line(member))
    with transaction() as session:
        session.execute(text("UPDATE book SET sealed_at = '2027-01-10 00:00:00', seal = 'abc'"))
    for statement in ("UPDATE book SET sealed_at = NULL", "UPDATE book SET seal = 'x'"):
        with pytest.raises(DBAPIError, match="sealed"), transaction() as session:
            session.execute(text(statement))
    with pytest.raises(hours.RuleError, match="closed"):
        post(line(member, "event:2"))


UNSEAL = {
    "another figure": "UPDATE member_year SET sealed_counted = sealed_counted + 100",
    "another target": "UPDATE member_year SET sealed_target = 0, counted = 0",
    "open again": "UPDATE member_year SET sealed_counted = NULL, sealed_target = NULL",
    "half": "UPDATE member_year SET sealed_target = NULL",
}


def test_sealed_figures_are_set_once_and_stay(db, two_lines):
    with pytest.raises(DBAPIError, match="sealed whole"), transaction() as session:
        session.execute(text("UPDATE member_year SET sealed_counted = 200"))
    with transaction() as session:
        session.execute(text("UPDATE member_year SET sealed_counted = counted, sealed_target = target"))
    before = contents(db)
    for what, statement in UNSEAL.items():
        with pytest.raises(DBAPIError, match="ledger: a sealed year"), transaction() as session:
            session.execute(text(statement))
        assert contents(db) == before, what
    with transaction() as session:  # what is counted since stands beside
        session.execute(text("UPDATE member_year SET corrections = 0, sealed_counted = sealed_counted"))
