"""Lists by key: nothing twice, nothing left out, whatever the order and whatever is added meanwhile."""

from base64 import urlsafe_b64encode
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Integer, func, select
from werkzeug.exceptions import NotFound

from pbtrain.core import paging
from pbtrain.core.db import transaction
from pbtrain.notify.models import Message
from pbtrain.org.models import Member

BY_NAME = (Member.pinyin, Member.id)
ORDERS = {
    "one way": BY_NAME,
    "falling": (Member.pinyin.desc(), Member.id.desc()),
    "both ways": (Member.pinyin.desc(), Member.id),
    "a value worked out": (func.length(Member.pinyin, type_=Integer), Member.joined_on.desc(), Member.id),
}


def listed(order=BY_NAME):
    return select(Member.id, Member.pinyin).order_by(*order)


@pytest.fixture
def roster(make):
    """Twenty-three people, three names among them."""
    branch = make.unit()
    names = ["bai yin", "su ri na", "wu lan"]
    for number in range(23):
        make.member(
            branch, with_account=False, pinyin=names[number % 3], joined_on=date(2020, 1, 1 + number % 4)
        )
    return branch


@pytest.fixture
def turn(app):
    """`turn(statement, url)` reads a page as a view does."""

    def read(statement, url="/", size=5):
        with app.test_request_context(url):
            return paging.paged(statement, size=size)

    return read


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_forward_and_back_shows_each_row_once(turn, db, roster, order):
    wanted = [row.id for row in db.session.execute(listed(order))]
    page, pages = turn(listed(order)), []
    pages.append(page)
    while page.next_url:
        page = turn(listed(order), page.next_url)
        pages.append(page)
    assert [row.id for one in pages for row in one.rows] == wanted
    assert [(one.from_, one.to) for one in pages] == [(1, 5), (6, 10), (11, 15), (16, 20), (21, 23)]
    for earlier in reversed(pages[:-1]):
        page = turn(listed(order), page.prev_url)
        assert [row.id for row in page.rows] == [row.id for row in earlier.rows]
        assert (page.from_, page.to) == (earlier.from_, earlier.to)
    assert page.prev_url is None


def test_who_is_added_meanwhile_repeats_nobody(turn, make, roster):
    first = turn(listed())
    for _ in range(3):
        make.member(roster, with_account=False, pinyin="a")
    second = turn(listed(), first.next_url)
    assert not {row.id for row in first.rows} & {row.id for row in second.rows}
    assert [row.pinyin for row in second.rows][:3] == ["bai yin"] * 3
    assert turn(listed(), second.prev_url).prev_url, "the three new ones stand before"


def test_where_nothing_is_left_the_list_begins_anew(turn, make, tell_many, db):
    account = tell_many(6)
    newest = select(Message.id).where(Message.account_id == account.id).order_by(Message.id.desc())
    first = turn(newest)
    with transaction() as session:
        session.query(Message).where(Message.id < first.rows[-1].id).delete()
    again = turn(newest, first.next_url)
    assert [row.id for row in again.rows] == [row.id for row in first.rows]
    assert again.next_url is None


@pytest.fixture
def tell_many(make):
    """An account with so many messages."""

    def tell(count):
        account = make.account()
        with transaction() as session:
            for number in range(count):
                session.add(Message(account_id=account.id, about=f"x:{number}", subject="示例"))
        return account

    return tell


def test_the_address_keeps_everything_else(turn, roster):
    page = turn(listed(), "/?q=a&q=b&before=&size=3")
    assert parse_qs(urlsplit(page.next_url).query).keys() == {"q", "size", "after"}


def key(text):
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["0", "abc", "=", "\0", "x" * 5000, key("5"), key("[]"), key("{}"), key('[0,"a"]'), key('[0,1,"a"]'),
     key('[-1,"a",1]'), key('[true,"a",1]'), key('[0,"a",true]'), key('[0,"a",9223372036854775808]'),
     key('[0,"a",1.5]'), key('[0,null,1]'), key('[0,"\\u0000",1]'), key("[" * 300)],
)  # fmt: skip
def test_what_is_no_key_is_not_found(turn, roster, cursor):
    with pytest.raises(NotFound):
        turn(listed(), f"/?after={cursor}")


@pytest.mark.parametrize("text", ['[0,3,"2020-13-01",1]', "[0,3,20200101,1]", '[0,"3","2020-01-01",1]'])
def test_each_part_has_the_type_of_its_column(turn, roster, text):
    with pytest.raises(NotFound):
        turn(listed(ORDERS["a value worked out"]), f"/?after={key(text)}")


def test_a_long_list_is_not_counted_to_its_end(app, db, roster, statements, monkeypatch):
    monkeypatch.setattr(paging, "EXACT", 20)
    with app.test_request_context("/"), statements() as sent:
        assert paging.counted(listed()) == 21
        assert paging.in_words(21) == "1 万多"
        assert paging.in_words(20) == "20"
    assert sent.count == 1
