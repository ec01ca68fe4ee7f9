"""Mail goes out once, comes back later when it must wait, and never stops the others."""

import pytest
from sqlalchemy import func, select, update

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.core.queue import Job
from pbtrain.notify import delivery
from pbtrain.notify.channels import email
from pbtrain.notify.models import Delivery, Message


def one(column):
    return database.session.execute(select(column).order_by(Delivery.id)).scalars().all()


def nudge_and(work):
    delivery.nudge()
    return work()


def test_a_message_reaches_its_person(make, mail, tell, work, frozen, app, monkeypatch):
    monkeypatch.setitem(app.config, "SITE_URL", "https://djy.example.cn/")
    account = make.account("示例苏日娜", email="su@example.cn")
    tell(account, body="参加 9月25日主题党日后就能赶上。", link="/hours")
    work()
    [(address, message)] = mail.mails
    assert address == "su@example.cn"
    assert message["Subject"] == "比进度少 1.4 学时"
    assert message["From"] == "djy@example.cn"
    assert "示例苏日娜" in message["To"]
    assert "就能赶上" in message.get_content()
    assert "https://djy.example.cn/hours" in message.get_content()
    assert one(Delivery.state) == ["sent"]


def test_who_has_no_address_reads_the_inbox_only(make, mail, tell, work):
    told = tell(make.account(email=None), make.account(email=""), make.account(email="a@example.cn"))
    assert len(told) == 3
    work()
    assert [address for address, _ in mail.mails] == ["a@example.cn"]


def test_nothing_goes_out_to_a_login_that_was_closed_meanwhile(make, mail, tell, work):
    """What waits for the morning is not sent to somebody who died in the night."""
    accounts = [make.account(email=f"{name}@example.cn") for name in "abc"]
    tell(*accounts)
    with transaction() as session:
        session.get_one(Account, accounts[0].id).disabled_at = clock.now()
        session.get_one(Account, accounts[1].id).email = None
    work()
    assert [address for address, _ in mail.mails] == ["c@example.cn"]
    assert one(Delivery.state) == ["sent"]


def test_a_site_without_smtp_sends_nothing(make, tell, work):
    tell(make.account(email="a@example.cn"))
    assert one(Delivery.state) == []
    work()


def test_it_waits_when_told_to_and_then_arrives(make, mail, tell, work, frozen):
    mail.refuse["a@example.cn"] = ["450 greylisted", "450 greylisted"]
    tell(make.account(email="a@example.cn"))
    work()
    assert (mail.mails, one(Delivery.state), one(Delivery.error)) == ([], ["new"], ["450 greylisted"])
    assert one(Delivery.next_at)[0] - frozen.now == delivery.wait_after(1)
    frozen.shift(seconds=59)
    nudge_and(work)
    assert mail.mails == [], "a minute is not over yet"
    frozen.shift(seconds=1)
    nudge_and(work)
    assert one(Delivery.next_at)[0] - frozen.now == delivery.wait_after(2)
    frozen.shift(minutes=5)
    nudge_and(work)
    assert len(mail.mails) == 1
    assert one(Delivery.state) == ["sent"]


def test_one_bad_address_is_parked_and_the_rest_goes_on(make, mail, tell, work):
    mail.refuse["gone@example.cn"] = ["550 no such person"]
    names = ["a@example.cn", "gone@example.cn", "b@example.cn", "no address", "c@example.cn\r\nBcc: x@y.cn"]
    tell(*(make.account(email=name) for name in names))
    work()
    assert [address for address, _ in mail.mails] == ["a@example.cn", "b@example.cn"]
    assert one(Delivery.state) == ["sent", "parked", "sent", "parked", "parked"]
    assert one(Delivery.error)[1] == "550 no such person"


def test_a_message_refused_for_days_is_parked(make, mail, tell, work, frozen):
    mail.refuse["a@example.cn"] = ["450 later"] * 9
    tell(make.account(email="a@example.cn"))
    work()
    for _ in range(8):
        assert one(Delivery.state) == ["new"]
        frozen.move_to(one(Delivery.next_at)[0])
        nudge_and(work)
    assert (one(Delivery.state), one(Delivery.attempts)) == (["parked"], [9])


def test_a_server_that_is_away_blames_nobody(make, mail, tell, work, frozen, app, monkeypatch):
    monkeypatch.setitem(app.config, "SMTP_PORT", 1)
    tell(*(make.account(email=f"a{n}@example.cn") for n in range(3)))
    work()
    for _ in range(12):
        assert one(Delivery.state) == ["new"] * 3
        frozen.move_to(max(one(Delivery.next_at)))
        nudge_and(work)
    monkeypatch.setitem(app.config, "SMTP_PORT", mail.port)
    frozen.move_to(max(one(Delivery.next_at)))
    nudge_and(work)
    assert len(mail.mails) == 3


def test_nothing_goes_out_at_night(make, mail, tell, work, frozen):
    frozen.shift(hours=7)  # 22:00
    tell(make.account(email="a@example.cn"))
    work()
    assert mail.mails == []
    frozen.shift(hours=9, minutes=59)
    nudge_and(work)
    assert mail.mails == []
    frozen.shift(minutes=1)
    nudge_and(work)
    assert len(mail.mails) == 1


def test_killed_between_sending_and_marking_it_goes_again_with_the_same_id(
    make, mail, tell, work, frozen, monkeypatch
):
    tell(make.account(email="a@example.cn"))
    mark = delivery._mark
    monkeypatch.setattr(delivery, "_mark", lambda *a, **k: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        work()
    monkeypatch.setattr(delivery, "_mark", mark)
    assert one(Delivery.state) == ["claimed"]
    nudge_and(work)
    assert len(mail.mails) == 1, "another worker must wait until the lease is over"
    frozen.shift(minutes=11)
    nudge_and(work)
    ids = [message["Message-ID"] for _, message in mail.mails]
    assert len(ids) == 2
    assert len(set(ids)) == 1, ids
    assert one(Delivery.state) == ["sent"]


def test_a_thousand_get_one_each_from_two_workers_in_turn(make, mail, tell, work, statements, db):
    with transaction() as session:
        rows = [{"username": f"u{n}", "name": f"示例{n}", "email": f"u{n}@example.cn"} for n in range(1000)]
        session.execute(make.Account.__table__.insert(), rows_with_defaults(rows))
    accounts = db.session.scalars(select(make.Account.id).order_by(make.Account.id)).all()
    with statements() as sent:
        assert len(tell(*accounts)) == 1000
    assert sent.count <= 4, sent
    with statements() as sent:
        assert tell(*accounts) == [], "who heard of it hears nothing"
    assert sent.count <= 2, sent
    work()
    with transaction():
        delivery.queue.enqueue(delivery.DELIVER, {})
    work()
    addresses = [address for address, _ in mail.mails]
    assert len(addresses) == len(set(addresses)) == 1000
    assert db.session.scalar(select(func.count()).where(Delivery.state == "sent")) == 1000


def rows_with_defaults(rows):
    from pbtrain.core import clock

    return [row | {"created_at": clock.now()} for row in rows]


def test_two_nudges_ask_for_one_worker(make, mail, tell, db):
    tell(make.account(email="a@example.cn"))
    delivery.nudge()
    delivery.nudge()
    assert db.session.scalar(select(func.count()).where(Job.kind == delivery.DELIVER)) == 1


def test_two_workers_cannot_claim_the_same(make, mail, tell):
    tell(make.account(email="a@example.cn"))
    channel = delivery.CHANNELS["email"]
    assert len(delivery._claim("email", channel)) == 1
    assert delivery._claim("email", channel) == []


def test_a_message_without_end_is_not_begun_after_its_lease(make, mail, tell, work, frozen, monkeypatch):
    tell(*(make.account(email=f"a{n}@example.cn") for n in range(3)))
    send = email._send

    def slow(server, parcel):
        send(server, parcel)
        frozen.shift(minutes=5)

    monkeypatch.setattr(email, "_send", slow)
    work()
    assert one(Delivery.state) == ["sent", "sent", "new"]
    assert one(Delivery.attempts) == [1, 1, 0]


def test_a_disabled_account_gets_no_mail(make, mail, tell, work, db):
    account = make.account(email="a@example.cn")
    with transaction() as session:
        session.execute(update(make.Account).values(disabled_at=account.created_at))
    tell(account)
    work()
    assert mail.mails == []
    assert db.session.scalar(select(func.count(Message.id))) == 1
