"""What the browser may send about sign-offs, closed years and statements."""

from wtforms import HiddenField, IntegerField
from wtforms.validators import InputRequired, NumberRange

from pbtrain.core.forms import BaseForm


class SignForm(BaseForm):
    """`seen`: how many lines the book had on the page that is being signed."""

    month = IntegerField(validators=[InputRequired(), NumberRange(1, 12)], widget=HiddenField.widget)
    seen = IntegerField(validators=[InputRequired(), NumberRange(0)], widget=HiddenField.widget)
