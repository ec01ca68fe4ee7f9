"""An anchor outside the database: what it holds, what it lets pass, and what it shows."""

import io
import json

import pytest

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.hours import anchors, chain, posting
from tests.hours.conftest import line, post


@pytest.fixture
def members(make, branch, root):
    """One in each of two branches, with a line each."""
    both = [make.member(branch), make.member(make.unit(parent=root))]
    post(*map(line, both))
    return both


def anchor():
    file = io.StringIO()
    anchors.write(file)
    return file.getvalue()


def compared(text):
    return [str(finding) for finding in anchors.compare(io.StringIO(text))]


def test_an_anchor_says_when_and_holds_the_head_of_every_book(members, branch):
    file = io.StringIO()
    assert anchors.write(file) == 2
    first, *books = map(json.loads, file.getvalue().splitlines())
    assert first == {"pbtrain": "anchor", "version": 1, "at": clock.now().isoformat()}
    assert [(book["id"], book["year"], book["entries"]) for book in books] == [(1, 2026, 1), (2, 2026, 1)]
    assert books[0]["unit_id"] == branch.id
    assert len(books[0]["head"]) == 64


def test_a_book_that_only_grew_continues_its_anchor(make, members, branch):
    text = anchor()
    assert compared(text) == []
    post(line(members[0], "event:2"), line(make.member(branch), "event:2"))
    assert compared(text) == []


def test_a_book_that_became_another_years_was_removed(members, back):
    text = anchor()
    back.run("UPDATE book SET year = 2024 WHERE id = 2")
    assert compared(text) == ["book 2: was removed after the anchor"]


def test_a_book_without_lines_is_anchored_by_its_beginning(make, root):
    unit = make.unit(parent=root)
    with transaction():
        posting.open_books({unit.id}, {2026})
    text = anchor()
    assert compared(text) == []
    forged = text.replace(chain.genesis(unit.id, 2026), "0" * 64)
    assert compared(forged) == ["book 1: the anchor itself is damaged"]
    assert compared(text.replace(chain.genesis(unit.id, 2026), "f" * 64)) == compared(forged)


def test_every_book_of_a_long_anchor_is_compared(members):
    first, book, _other = anchor().splitlines()
    books = [json.dumps(json.loads(book) | {"id": number}) for number in range(1000, 2203)]
    assert len(compared("\n".join([first, *books]))) == 1203


@pytest.mark.parametrize(
    "text", ["", "{}", '{"pbtrain": "anchor", "version": 2}', '{"pbtrain": "backup", "version": 1}']
)
def test_a_file_that_is_no_anchor_is_refused(db, text):
    with pytest.raises(ValueError, match="not an anchor"):
        compared(text)


def test_the_anchor_of_a_day_is_saved_whole_and_again(members, tmp_path):
    folder = tmp_path / "kept" / "anchors"
    path = anchors.save(folder)
    assert path.name == "anchor-20260925.jsonl"
    post(line(members[0], "event:2"))
    assert anchors.save(folder) == path
    assert path.read_text() == anchor()
    assert [file.name for file in folder.iterdir()] == [path.name]
