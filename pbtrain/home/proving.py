"""The present password, asked once more before what a passer-by at an open screen must not do."""

from flask import request

from pbtrain.accounts import services
from pbtrain.core.errors import RuleError, TooOften
from pbtrain.core.forms import BaseForm
from pbtrain.org.access import Actor


def proved(person: Actor, form: BaseForm, field: str = "old") -> bool:
    """Is this the person's password? What is wrong stands beside the field; TooOften after many tries."""
    try:
        services.prove_password(
            person.account_id, form[field].data or "", address=request.remote_addr or "", field=field
        )
    except TooOften:
        raise
    except RuleError as error:
        form.blame(error)
        return False
    return True
