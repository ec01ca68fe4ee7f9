"""E-mail by SMTP, with the standard library only."""

import hashlib
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from flask import current_app
from sqlalchemy import ColumnElement

from pbtrain.accounts.models import Account
from pbtrain.core.db import micros
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.notify.channels import Channel, Parcel, Refused, Send, Unreachable

TIMEOUT = 10  # seconds, for each answer of the server


class Email(Channel):
    """One connection for a whole batch; one message for each person, so that nobody sees other addresses."""

    key = "email"
    label = N_("E-mail")

    def is_on(self) -> bool:
        return bool(current_app.config["SMTP_HOST"])

    def reaches(self) -> ColumnElement[bool]:
        return Account.email.is_not(None) & (Account.email != "")

    def address(self) -> ColumnElement[str]:
        return Account.email  # type: ignore[return-value]

    @contextmanager
    def open(self) -> Iterator[Send]:
        try:
            server = _connect()
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(_words(error)) from error
        try:
            yield lambda parcel: _send(server, parcel)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()


def _connect() -> smtplib.SMTP:
    config = current_app.config
    place = (config["SMTP_HOST"], int(config["SMTP_PORT"]))
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if config["SMTP_TLS"] == "tls":
        server = smtplib.SMTP_SSL(*place, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(*place, timeout=TIMEOUT)
    try:
        if config["SMTP_TLS"] == "starttls":
            server.starttls(context=context)
        if config["SMTP_USER"]:
            server.login(config["SMTP_USER"], config["SMTP_PASSWORD"])
    except BaseException:
        server.close()
        raise
    return server


def _send(server: smtplib.SMTP, parcel: Parcel) -> None:
    try:
        mail = compose(parcel, current_app.config["MAIL_FROM"])
    except (ValueError, UnicodeError) as error:  # an address nobody can write to
        raise Refused(_words(error), for_good=True) from error
    try:
        server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise Refused(f"{code} {_plain(text)}", for_good=500 <= code < 600) from error
    except smtplib.SMTPNotSupportedError as error:  # an address in letters this server does not take
        raise Refused(_words(error), for_good=True) from error
    except smtplib.SMTPSenderRefused as error:  # our own address is the trouble, not this parcel
        raise Unreachable(f"{error.smtp_code} {_plain(error.smtp_error)}") from error
    except (smtplib.SMTPServerDisconnected, smtplib.SMTPHeloError) as error:
        raise Unreachable(_words(error)) from error
    except smtplib.SMTPResponseException as error:
        if error.smtp_code == 421:  # the server closes
            raise Unreachable(f"421 {_plain(error.smtp_error)}") from error
        raise Refused(
            f"{error.smtp_code} {_plain(error.smtp_error)}", for_good=error.smtp_code >= 500
        ) from error
    except OSError as error:
        raise Unreachable(_words(error)) from error


def compose(parcel: Parcel, sender: str) -> EmailMessage:
    """The message as it travels; ValueError when the address cannot be one. Sent again, it is the same."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = Address(_line(parcel.name), addr_spec=parcel.address)
    mail["Subject"] = _line(parcel.subject)
    mail["Date"] = format_datetime(parcel.created_at)
    mail["Message-ID"] = message_id(parcel.delivery_id, parcel.created_at, sender)
    mail["Auto-Submitted"] = "auto-generated"
    site = current_app.config["SITE_URL"].rstrip("/")
    lines = [parcel.body or parcel.subject]
    if site and parcel.link:
        lines.append(site + parcel.link)
    else:
        lines.append(in_chinese("Sign in to the platform to see more."))
    mail.set_content("\n\n".join(lines) + "\n")
    return mail


def message_id(delivery_id: int, created_at: datetime, sender: str) -> str:
    """Derived from the row alone, so that a message sent twice is recognised as one."""
    mark = hashlib.sha256(f"{delivery_id}|{micros(created_at)}".encode()).hexdigest()[:32]
    domain = sender.rpartition("@")[2].strip("<> ") or "localhost"
    return f"<{mark}@{domain}>"


def _line(text: str) -> str:
    """One line: a line break in a name must not become a header."""
    return " ".join(text.split())


def _plain(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
