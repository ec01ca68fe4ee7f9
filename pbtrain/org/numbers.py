"""Numbers typed on a page are held to the rule of the roster's sheet. Part of the services of org."""

from collections import Counter

from pbtrain.core import clock
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org.uploads.cells import Refused, read_id, read_phone

WANTS_PHONE = N_("A masked number cannot be taken over. Enter all 11 digits.")
WANTS_ID = N_("A masked number cannot be taken over. Enter all 18 digits.")


def read_number(text: str) -> str:
    """An ID number as it is stored: 18 digits whose last one fits; RuleError at "id_number" otherwise."""
    try:
        number = read_id(text, clock.today(), Counter())
    except Refused as no:
        raise RuleError(no.message, field="id_number", **no.params) from None
    if "*" in number:
        raise RuleError(WANTS_ID, field="id_number")
    return number


def read_mobile(text: str) -> str:
    """A mobile number as it is stored: 11 digits that begin with 13 to 19; RuleError at "phone" otherwise."""
    try:
        digits = read_phone(text, Counter())
    except Refused as no:
        raise RuleError(no.message, field="phone", **no.params) from None
    if "*" in digits:
        raise RuleError(WANTS_PHONE, field="phone")
    return digits
