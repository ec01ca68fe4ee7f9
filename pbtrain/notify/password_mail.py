"""The mail with which a forgotten password is set anew: made and sent by a worker, at once, also at night."""

from pbtrain.accounts import links
from pbtrain.accounts.models import PasswordLink
from pbtrain.core import clock, queue
from pbtrain.core.db import transaction
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.notify.channels import CHANNELS, Parcel, Refused


@queue.handler(links.JOB)
def send(running: queue.Running) -> None:
    """Send a link to the login named in the job, if it gets one; a link that did not leave does not count."""
    channel = CHANNELS["email"]
    if not channel.is_on():
        return
    with transaction():
        letter = links.issue(int(running.args["account_id"]))
    if letter is None:
        return
    try:
        with channel.open() as carry:
            carry(parcel(letter))
    except Exception as error:
        with transaction() as session:
            session.delete(session.get_one(PasswordLink, letter.link_id))
        if not (isinstance(error, Refused) and error.for_good):
            raise  # tried again


def parcel(letter: links.Letter) -> Parcel:
    """The words of the mail; its link carries the code behind the #, where no server log sees it."""
    body = in_chinese(
        N_(
            "Somebody, probably you, wants to set a new password for the login %(username)s. Open the "
            "address below within 30 minutes, or enter this code on the page: %(code)s. If it was not you, "
            "do nothing: the old password stays."
        ),
        username=letter.username,
        code=letter.code,
    )
    return Parcel(
        delivery_id=-letter.link_id,
        message_id=0,
        created_at=clock.now(),
        address=letter.address,
        name=letter.name,
        subject=in_chinese(N_("Set a new password")),
        body=body,
        link=f"/reset#code={letter.code}",
    )
