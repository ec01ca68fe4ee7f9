"""What was changed behind the application's back is named."""

import io
import random
import sqlite3

import psycopg
import pytest
from sqlalchemy import inspect, select, text

from pbtrain.core.db import micros, transaction
from pbtrain.hours import anchors, chain, checks
from pbtrain.hours import services as hours
from pbtrain.hours import verify as verifying
from pbtrain.hours.activities import PARTS
from pbtrain.hours.judge import Judge
from pbtrain.hours.models import HourEntry
from pbtrain.hours.services import Line
from pbtrain.hours.verify import verify
from tests.hours.conftest import DAY, at, line, post
from tests.support.remembering import remembered

CACHES = {"due", "due_on", "on_care", "sealed_at", "seal"}  # not claimed by any hash: caches and later parts


@pytest.fixture
@remembered
def ledger(make, frozen):
    """Two branches, three members, eight lines of which one is reversed."""
    root = make.ruled()
    branch, other = make.unit(parent=root), make.unit(parent=root)
    members = [make.member(branch), make.member(branch), make.member(other)]
    for number in range(2):
        post(*(line(member, f"event:{number}", 60 + number) for member in members))
    gone = post(line(members[0], "event:9"))
    with transaction():
        hours.reverse_many(None, gone.entry_ids, reason="点错了人")
    assert list(verify()) == []


def literal(value):
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def other(value, draw):
    """Something else that the column could hold."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + draw.choice((1, -1, 16777216))
    if value is None:
        return 1
    return "".join(draw.choices("0123456789abcdef", k=max(len(value), 1)))


def elsewhere(value, columns):
    """A value for the moment in which two lines exchange theirs: what is unique never stands twice."""
    unique = {"seq", "source", "prev", "hash"} & set(columns)
    return value if not unique else 999 if isinstance(value, int) else "f" * len(value)


def changes(back, statement):
    """False when a constraint of the table was faster than verify."""
    try:
        back.run(statement)
    except (sqlite3.IntegrityError, psycopg.errors.IntegrityError, psycopg.errors.NumericValueOutOfRange):
        return False  # a check of the table, or what it multiplies is too large for it
    return True


def test_no_change_to_a_stored_column_goes_unseen(db, back, ledger, request):
    """As many as `--random-changes` says; a thousand were tried on both databases."""
    draw = random.Random(20261122)
    for _ in range(request.config.getoption("--random-changes")):
        table = draw.choice(["hour_entry", "hour_entry", "hour_entry", "book", "member_year"])
        columns = [c["name"] for c in inspect(db.engine).get_columns(table) if c["name"] not in CACHES]
        column = draw.choice([c for c in columns if c != "id" or table == "hour_entry"])
        ids = db.session.scalars(text(f"SELECT id FROM {table} ORDER BY id")).all()
        row_id = draw.choice(ids)
        cast = f"CAST({column} AS VARCHAR)" if column == "day" else column
        value = db.session.scalar(text(f"SELECT {cast} FROM {table} WHERE id = {row_id}"))
        changed = "2026-03-05" if column == "day" else other(value, draw)
        where = f"WHERE id = {changed if column == 'id' else row_id}"
        if not changes(back, f"UPDATE {table} SET {column} = {literal(changed)} WHERE id = {row_id}"):
            continue
        assert next(verify(), None) is not None, f"{table}.{column} of {row_id}: {value!r} -> {changed!r}"
        back.run(f"UPDATE {table} SET {column} = {literal(value)} {where}")
        db.session.rollback()
    assert list(verify()) == []


@pytest.mark.parametrize(
    "columns", [("seq",), ("member_id", "person"), ("minutes", "credit"), ("source",), ("prev", "hash")]
)
def test_lines_that_changed_places_are_noticed(db, back, ledger, columns):
    """The first and the last of four lines of one book exchange their numbers, people, hours, hashes."""
    query = text(f"SELECT id, {', '.join(columns)} FROM hour_entry WHERE book_id = 1 ORDER BY seq LIMIT 4")
    (one, *first), _, _, (other, *second) = db.session.execute(query).all()
    assert first != second
    away = [elsewhere(value, columns) for value in second]
    for row_id, values in ((other, away), (one, second), (other, first)):
        told = ", ".join(f"{name} = {literal(value)}" for name, value in zip(columns, values, strict=True))
        back.run(f"UPDATE hour_entry SET {told} WHERE id = {row_id}")
    assert next(verify(), None) is not None


@pytest.mark.parametrize("seq", [1, 2, 4])
def test_a_deleted_line_is_missed(back, ledger, seq):
    back.run(f"DELETE FROM hour_entry WHERE book_id = 1 AND seq = {seq}")
    assert any("book 1" in str(finding) for finding in verify())


def test_a_missing_trigger_is_named(back, backend, db, ledger):
    drop = "DROP TRIGGER book_follows_lines" + (" ON book" if backend.name == "postgresql" else "")
    back.plain(drop)
    assert [str(f) for f in verify()] == ["trigger book_follows_lines: is missing"]


def rewrite(db, back, minutes):
    """Recompute a whole chain from its first line on, as an owner of the database could."""
    entries = db.session.scalars(
        select(HourEntry).where(HourEntry.book_id == 1).order_by(HourEntry.seq)
    ).all()
    prev, statements = entries[0].prev, []
    for entry in entries:
        changed = minutes if entry.seq == 1 else entry.minutes
        digest = chain.digest(
            chain.line(
                prev=prev, book_id=1, seq=entry.seq, person=entry.person, day=entry.day,
                credit_year=entry.credit_year, activity=entry.activity, channel=entry.channel,
                mode=entry.mode, minutes=changed, credit=entry.credit, policy_id=entry.policy_id,
                proof=entry.proof, source=entry.source, reverses_id=entry.reverses_id,
                posted_by=entry.posted_by, posted_at=micros(entry.posted_at), starts_at=None,
                ends_at=None, title=entry.title, note=entry.note,
            )
        )  # fmt: skip
        statements.append(
            f"UPDATE hour_entry SET prev = '{prev}', hash = '{digest}', minutes = {changed}"
            f" WHERE book_id = 1 AND seq = {entry.seq}"
        )
        prev = digest
    difference = minutes - entries[0].minutes
    member_id = entries[0].member_id
    statements.append(f"UPDATE book SET head = '{prev}', minutes = minutes + {difference} WHERE id = 1")
    statements.append(
        f"UPDATE member_year SET minutes = minutes + {difference} WHERE member_id = {member_id}"
    )
    back.run(*statements)


def test_only_an_anchor_shows_a_chain_recomputed_from_end_to_end(db, back, ledger):
    anchor = io.StringIO()
    anchors.write(anchor)
    rewrite(db, back, minutes=61)
    assert list(verify()) == []
    anchor.seek(0)
    assert ["rewritten" in str(f) for f in anchors.compare(anchor)] == [True]


def test_an_anchor_shows_a_cut_tail_and_a_removed_book(db, back, ledger):
    anchor = io.StringIO()
    anchors.write(anchor)
    back.run(
        "DELETE FROM hour_entry WHERE book_id = 2 AND seq = 2",
        "UPDATE book SET entries = 1, head = (SELECT hash FROM hour_entry WHERE book_id = 2) WHERE id = 2",
    )
    anchor.seek(0)
    assert ["tail" in str(f) for f in anchors.compare(anchor)] == [True]
    back.run("DELETE FROM hour_entry WHERE book_id = 2", "DELETE FROM book WHERE id = 2")
    anchor.seek(0)
    assert ["removed" in str(f) for f in anchors.compare(anchor)] == [True]


def test_the_command_names_the_first_difference(app, back, ledger):
    runner = app.test_cli_runner()
    whole = runner.invoke(args=["hours", "verify"])
    assert (whole.exit_code, "whole" in whole.output) == (0, True)
    back.run("UPDATE hour_entry SET title = '别的' WHERE book_id = 1 AND seq = 2")
    broken = runner.invoke(args=["hours", "verify"])
    assert broken.exit_code == 1
    assert "book 1 line 2: was changed" in broken.output


def found():
    return {str(finding) for finding in verify()}


def test_a_trigger_that_was_changed_or_switched_off_is_named(back, backend, ledger):
    if backend.name == "postgresql":
        back.plain("ALTER TABLE book DISABLE TRIGGER book_follows_lines")
    else:
        back.plain("DROP TRIGGER book_follows_lines")
        back.plain("CREATE TRIGGER book_follows_lines BEFORE UPDATE ON book BEGIN SELECT 1; END")
    assert found() == {"trigger book_follows_lines: is switched off or not the shipped one"}


def test_who_wrote_a_line_cannot_be_exchanged(db, back, make, branch):
    """Neither for another, nor for nobody, nor nobody for somebody: the account's id is not in the hash."""
    secretary, stranger = make.actor(make.member(branch)), make.account().id
    post(line(make.member(branch)), actor=secretary)
    post(line(make.member(branch), "event:2"))
    for seq, changed, right in ((1, stranger, secretary.account_id), (1, "NULL", secretary.account_id),
                                (2, stranger, "NULL")):  # fmt: skip
        back.run(f"UPDATE hour_entry SET posted_by_id = {changed} WHERE seq = {seq}")
        assert found() == {f"book 1 line {seq}: names another actor than the one who wrote it"}
        back.run(f"UPDATE hour_entry SET posted_by_id = {right} WHERE seq = {seq}")
    assert found() == set()


@pytest.mark.parametrize(
    "change", ["minutes = minutes - 1", "credit = credit + 1", "reverses_id = 99", "mode = 'self'",
               "proof = 'D'", "activity = 'party_class'", "day = '2026-03-01'", "credit_year = 2025"],
)  # fmt: skip
def test_a_reversal_mirrors_its_line(back, ledger, change):
    back.run(f"UPDATE hour_entry SET {change} WHERE reverses_id IS NOT NULL")
    assert "book 1 line 6: does not mirror the line it reverses" in found()


@pytest.mark.parametrize("column", ["entries", "minutes", *PARTS])
def test_each_sum_of_each_year_is_compared(back, ledger, column):
    for number in (1, 3):
        back.run(f"UPDATE member_year SET {column} = {column} + 1 WHERE id = {number}")
    assert {text.rpartition(": ")[2] for text in found()} == {"its sums do not equal its lines"}
    assert len(found()) == 2


def test_each_cache_of_each_year_is_compared(back, ledger):
    for number, cache in ((1, "counted"), (2, "target"), (3, "custody_unit_id")):
        back.run(f"UPDATE member_year SET {cache} = 1, due_on = NULL WHERE id = {number}")
    assert sorted(text.rpartition(": ")[2] for text in found()) == [
        "stands under another branch than the member",
        "what counts or the target was not recomputed",
        "what counts or the target was not recomputed",
    ]


def test_lines_without_their_year_are_named(back, ledger):
    back.run("DELETE FROM member_year WHERE id = 2")
    assert [text.rpartition(": ")[2] for text in found()] == ["has lines but no row of sums"]


@pytest.mark.parametrize("year", [1999, 16779242])
def test_a_year_that_cannot_be_judged_is_named(back, ledger, year):
    """No rules were published for the one, no calendar has the other."""
    back.run(f"UPDATE member_year SET credit_year = {year} WHERE id = 2")
    assert "member 2 year 2026: has lines but no row of sums" in found()
    whose = {text.rpartition(": ")[2] for text in found() if f"member 2 year {year}" in text}
    named = (
        "what counts or the target was not recomputed" if year == 1999 else "is a year that no calendar has"
    )
    assert whose == {"its sums do not equal its lines", named}


@pytest.fixture
@remembered
def twins(make, frozen):
    """Two members of a branch did the same; the second of the four lines of each was reversed."""
    branch = make.unit(parent=make.ruled())
    members = [make.member(branch) for _ in range(2)]
    post(*(line(one, "event:1", 60, starts_at=at(9), ends_at=at(10)) for one in members))
    gone = post(*(line(one, "event:2") for one in members))
    post(*(line(one, "event:3", 30) for one in members))
    with transaction():
        hours.reverse_many(None, gone.entry_ids, reason="点错了人")


def marks_of_twins(db):
    db.session.rollback()
    return [mark for _whose, mark in sorted(checks._marks([HourEntry.__table__.c.id > 0], Judge()).items())]


def test_years_are_told_apart_by_all_that_decides_about_them(db, back, twins):
    """Every change of a line makes another mark, no two the same; the same done by another has the same."""
    first, second = marks_of_twins(db)
    assert first == second
    ids = db.session.scalars(
        select(HourEntry.id).where(HourEntry.member_id == 2).order_by(HourEntry.id)
    ).all()
    timed, _gone, plain, reversal = ids
    seen = {first}
    for changed, values in (
        (plain, ["day = '2026-03-03'", "mode = 'self'", "proof = 'D'", "minutes = 31", "credit = credit + 1",
                 "starts_at = 31", "ends_at = 31", "activity = ''", "activity = '|'",
                 "activity = 'self''|''D'", "activity = '\\'", "activity = '\\\\'"]),
        (timed, ["starts_at = starts_at + 1", "ends_at = ends_at + 1", "ends_at = NULL",
                 "starts_at = NULL, ends_at = starts_at"]),
        (reversal, [f"reverses_id = {plain}", "reverses_id = 2"]),
    ):  # fmt: skip
        for value in values:
            back.run(f"UPDATE hour_entry SET {value} WHERE id = {changed}")
            kept, mark = marks_of_twins(db)
            assert kept == first
            assert mark not in seen, value
            seen.add(mark)


def test_lines_of_years_that_were_met_before_are_not_read(backend, twins, monkeypatch):
    """Both twins by the lines of one of them, and a second time by none; SQLite has no digests."""
    read, study = [], checks._studied
    monkeypatch.setattr(
        checks, "_studied", lambda chosen: read.append(done := dict(study(chosen))) or done.items()
    )
    judge = Judge()
    for _ in range(2):
        assert list(checks.check_members((None, None), judge)) == []
    assert [len(done) for done in read] == ([1] if backend.name == "postgresql" else [2, 2])
    judge.meets_again = False
    assert list(checks.check_members((None, None), judge)) == []
    assert (len(read[-1]), judge.meets_again) == (2, True), "read at once, and half of them were new"


def in_spans(monkeypatch, processes):
    """What is found when every book and every member's year is a span of its own."""
    monkeypatch.setattr(verifying, "LINES", 1)
    monkeypatch.setattr(verifying, "MEMBERS", 1)
    far = []
    findings = [str(finding) for finding in verify(processes, lambda *how: far.append(how))]
    assert far[-1] == (len(far), len(far))
    assert len(far) >= 5  # two books, the reversals, three members
    return findings


@pytest.mark.parametrize("processes", [1, 2])
def test_spans_and_processes_find_the_same_in_the_same_order(db, back, ledger, monkeypatch, processes):
    assert in_spans(monkeypatch, processes) == []
    back.run(
        "UPDATE hour_entry SET title = '别的' WHERE book_id = 1 AND seq = 2",
        "UPDATE hour_entry SET title = '别的' WHERE book_id = 2 AND seq = 1",
        "UPDATE member_year SET counted = counted + 1 WHERE id = 3",
    )
    whole = [str(finding) for finding in verify()]
    assert in_spans(monkeypatch, processes) == whole
    assert [text.rpartition(": ")[0] for text in whole] == [
        "book 1 line 2: was changed",
        "book 2 line 1: was changed",
        "member 3 year 2026",
    ]


def test_a_line_that_stands_in_no_book_is_named(db, back, ledger):
    back.run("DELETE FROM book WHERE id = 2")
    assert "book 2 line 1: has no book here" in found()


def test_lines_are_walked_only_where_the_database_cannot_prove_them(backend, ledger, make, monkeypatch):
    member = make.member(make.unit(parent=make.ruled()))
    odd = Line(member.id, DAY, "party_lecture", 60, "event:20", "读书\n“𠀀|'\\”", at(9), at(10))
    post(odd)
    walked, walk = [], checks._follow
    monkeypatch.setattr(
        checks, "_follow", lambda lines, *more: walked.append(len(lines)) or walk(lines, *more)
    )
    assert found() == set()
    assert sum(walked) == (9 if backend.name == "sqlite" else 0)


def test_who_is_named_by_a_destroyed_key_is_believed(db, back, ledger):
    back.run("UPDATE member SET pseudonym_key = NULL WHERE id = 1")
    assert found() == set()
