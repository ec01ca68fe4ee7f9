"""The inbox shows what one was told and nothing else; operators see what is stuck."""

import pytest
from sqlalchemy import func, select

from pbtrain.core.db import transaction
from pbtrain.core.queue import Job
from pbtrain.notify import queries
from pbtrain.notify.models import Delivery, Message
from pbtrain.org.roles import Role
from tests.support.pages import turned


@pytest.fixture
def told(make, tell):
    """Two people with a message each."""
    people = make.account("示例苏日娜"), make.account("示例白音")
    tell(*people, subject="比进度少 1.4 学时", link="/display-elsewhere")
    return people


def message_of(db, account):
    return db.session.scalar(select(Message.id).where(Message.account_id == account.id))


def test_reading_follows_the_link_and_marks_it(db, told, client_for):
    mine, other = told
    client = client_for(mine)
    assert "比进度少 1.4 学时" in client.get("/inbox").text
    answer = client.post(f"/inbox/{message_of(db, mine)}/open")
    assert (answer.status_code, answer.location) == (303, "/display-elsewhere")
    assert (queries.unread(mine.id), queries.unread(other.id)) == (0, 1)


def test_another_persons_message_is_not_there(db, told, client_for):
    mine, other = told
    assert client_for(mine).post(f"/inbox/{message_of(db, other)}/open").status_code == 404
    assert queries.unread(other.id) == 1


def test_all_read_means_all_of_mine(told, client_for):
    mine, other = told
    client_for(mine).post("/inbox/read")
    assert (queries.unread(mine.id), queries.unread(other.id)) == (0, 1)


def test_reading_does_not_change_when_it_was_read(db, told, client_for, frozen):
    client, number = client_for(told[0]), message_of(db, told[0])
    client.post(f"/inbox/{number}/open")
    first = db.session.scalar(select(Message.read_at).where(Message.id == number))
    frozen.shift(hours=1)
    client.post(f"/inbox/{number}/open")
    assert db.session.scalar(select(Message.read_at).where(Message.id == number)) == first


def test_a_link_that_leads_outside_leads_home(db, make, tell, client_for):
    account = make.account()
    tell(account, link="//evil.example/")
    assert client_for(account).post(f"/inbox/{message_of(db, account)}/open").location == "/"


def test_the_inbox_is_cheap(told, tell, client_for, statements):
    for number in range(40):
        tell(told[0], about=f"x:{number}")
    client = client_for(told[0])
    with statements() as sent:
        assert client.get("/inbox").status_code == 200
    assert sent.count <= 8, sent
    assert client.get(turned(client.get("/inbox"))).status_code == 200
    for key in ("0", "-1", "abc", "10" * 20, "W10"):
        assert client.get(f"/inbox?after={key}").status_code == 404


def test_jobs_are_for_who_keeps_the_site_running(make, client_for, db):
    with transaction() as session:
        session.add(Job(kind="ledger.export", state="failed", error="ValueError('x')"))
        session.add(Job(kind="ledger.import", state="done"))
    admin = client_for(make.person(Role.SYSTEM_ADMIN))
    page = admin.get("/jobs").text
    assert "ledger.export" in page
    assert "ledger.import" in page
    assert "ledger.import" not in admin.get("/jobs?state=failed").text
    assert admin.get("/jobs?state=x").status_code == 404
    assert client_for(make.person(Role.BRANCH_SECRETARY)).get("/jobs").status_code == 403


def test_a_failed_job_starts_again_once(make, client_for, db):
    with transaction() as session:
        session.add(Job(kind="roster.read", state="failed", attempts=5))
    number = db.session.scalar(select(Job.id))
    admin = client_for(make.person(Role.SYSTEM_ADMIN))
    assert admin.post(f"/jobs/{number}/retry").status_code == 303
    row = db.session.execute(select(Job.state, Job.attempts)).one()
    assert tuple(row) == ("queued", 0)
    assert admin.post(f"/jobs/{number}/retry").status_code == 409


def test_a_parked_message_is_shown_and_sent_again(make, mail, tell, work, client_for, db):
    mail.refuse["a@example.cn"] = ["550 mailbox full of snow"]
    tell(make.account(email="a@example.cn"))
    work()
    admin = client_for(make.person(Role.SYSTEM_ADMIN))
    assert "550 mailbox full of snow" in admin.get("/jobs").text
    number = db.session.scalar(select(Delivery.id))
    assert admin.post(f"/jobs/deliveries/{number}/retry").status_code == 303
    work()
    assert len(mail.mails) == 1
    assert admin.post(f"/jobs/deliveries/{number}/retry").status_code == 409
    assert db.session.scalar(select(func.count()).where(Delivery.state == "sent")) == 1
