"""What the browser may send about hours."""

from wtforms.validators import InputRequired, Length

from pbtrain.core.forms import BaseForm, ProseField
from pbtrain.core.i18n import _l


class ReverseForm(BaseForm):
    reason = ProseField(_l("Why"), [InputRequired(_l("Say why, in a few words.")), Length(max=300)])
