"""The bytes that are hashed. They are written down here because no version may ever change them:
whoever changes one of these lines breaks every chain that was written before."""

from datetime import date

from pbtrain.hours import chain

LINE = {
    "prev": "p" * 64,
    "book_id": 3,
    "seq": 5,
    "person": chain.pseudonym(b"k" * 32),
    "day": date(2026, 3, 2),
    "credit_year": 2026,
    "activity": "theme_day",
    "channel": "meeting",
    "mode": "group",
    "minutes": 90,
    "credit": 200,
    "policy_id": 1,
    "proof": "B",
    "source": "event:1/member:7#1",
    "reverses_id": None,
    "posted_by": chain.NOBODY,
    "posted_at": 1790000000000000,
    "starts_at": None,
    "ends_at": None,
    "title": "主题党日",
    "note": "",
}


def test_the_hashed_line():
    person = "e696da2c898a18923da3a38493db719d"
    text = "0fa8560b9b63805b07e05f40422a7541b987820772dd8774dd030bbea259e026"  # of "主题党日\n"
    assert chain.line(**LINE) == (
        f"1|{'p' * 64}|3|5|{person}|2026-03-02|2026|theme_day|meeting|group|90|200|1|B|event:1/member:7#1|"
        f"|{'0' * 32}|1790000000000000|||{text}"
    )
    more = {"reverses_id": 50331649, "starts_at": 17, "ends_at": 18, "note": "点错"}
    text = "537e0a96cc02748de12a8e2aa4c04a2012ad856ad231ad0db7714ba95fbe6718"  # of "主题党日\n点错"
    assert chain.line(**LINE | more).endswith(f"#1|50331649|{'0' * 32}|1790000000000000|17|18|{text}")


def test_each_part_of_a_line_is_in_its_hash():
    whole = chain.digest(chain.line(**LINE))
    for name, value in LINE.items():
        other = date(2026, 3, 3) if name == "day" else 9 if value is None else value * 2 or "x"
        assert chain.digest(chain.line(**LINE | {name: other})) != whole, name


def test_a_person_is_a_pseudonym_that_needs_its_key():
    assert chain.pseudonym(b"k" * 32) == "e696da2c898a18923da3a38493db719d"
    assert chain.pseudonym(None) == "0" * 32


def test_a_book_begins_with_its_branch_and_year():
    assert chain.genesis(12, 2026) == "80d947bec6b9956d1102c17d9e3e40451b62d2ad5081335d5d290dda66429ca9"
    assert chain.digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_id_of_a_line_follows_from_its_book_and_number():
    assert chain.entry_id(3, 5) == 3 * 16_777_216 + 5
