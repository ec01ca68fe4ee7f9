"""What forms of the organisation share: choices from the tables of kinds, codes, a button to confirm."""

from typing import Any

from wtforms.validators import Regexp

from pbtrain.core.forms import BaseForm, choices
from pbtrain.core.i18n import _, _l

CODE = Regexp(r"^[\w-]*$", message=_l("Use letters, digits and dashes only."))
UNIT_HELP = _l("Its name or its code.")


def labels(table: dict[Any, Any], *, none: bool = False) -> list[Any]:
    """Choices from one of the tables of kinds, in the reader's language."""
    pairs = [(str(key), _(getattr(row, "label", row))) for key, row in table.items()]
    return choices(([("", _("Not stated"))] if none else []) + pairs)


class ConfirmForm(BaseForm):
    """A button behind a plain statement of what it does."""
