"""Mail that really travels, on this machine only."""

import pytest

from pbtrain.core import queue
from pbtrain.core.db import transaction
from pbtrain.notify import services
from pbtrain.notify.services import Note
from tests.support.mail import MailServer


@pytest.fixture
def mail(app, monkeypatch, frozen):
    """A server that takes the site's mail; the clock stands at an hour when mail may go out."""
    with MailServer() as server:
        settings = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": server.port, "MAIL_FROM": "djy@example.cn"}
        for name, value in settings.items():
            monkeypatch.setitem(app.config, name, value)
        yield server


@pytest.fixture
def tell(db, frozen):
    """`tell(account, ...)` puts a message to each into the outbox."""

    def put(*accounts, about="behind:2026-09", subject="比进度少 1.4 学时", **more):
        ids = [getattr(account, "id", account) for account in accounts]
        with transaction():
            return services.enqueue_many(Note(number, about, subject, **more) for number in ids)

    return put


@pytest.fixture
def work():
    """`work()` does the jobs that wait, as the worker would."""
    return queue.run_waiting
