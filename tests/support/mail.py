"""A real SMTP server in this process, that can be told to refuse."""

from collections import defaultdict
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller

from tests.support.ports import free_port


class MailServer:
    """What it received; `refuse["a@b.cn"] = ["450 later", "550 never"]` is what it answers, in turn."""

    def __init__(self) -> None:
        self.mails = []
        self.refuse = defaultdict(list)
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse[address]:
            return self.refuse[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.rcpt_tos[0], mail))
        return "250 OK"

    def __enter__(self) -> "MailServer":
        self.controller.start()
        return self

    @property
    def port(self) -> int:
        return self.controller.port

    def __exit__(self, *error) -> None:
        self.controller.stop()
