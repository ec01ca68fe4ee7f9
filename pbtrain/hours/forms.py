"""What the browser may send about hours."""

from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from pbtrain.core.forms import BaseForm
from pbtrain.core.i18n import _l


class ReverseForm(BaseForm):
    reason = TextAreaField(_l("Why"), [InputRequired(_l("Say why, in a few words.")), Length(max=300)])
