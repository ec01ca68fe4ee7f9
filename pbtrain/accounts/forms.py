"""What the browser may send at the entrances."""

from wtforms import BooleanField, PasswordField
from wtforms.validators import EqualTo, InputRequired, Length, Optional, Regexp

from pbtrain.accounts.rules import LONGEST
from pbtrain.core.forms import BaseForm, TextField
from pbtrain.core.i18n import _l


class LoginForm(BaseForm):
    username = TextField(_l("Phone number or user name"), [InputRequired(), Length(max=40)])
    password = PasswordField(_l("Password"), [InputRequired(), Length(max=LONGEST)])
    own_device = BooleanField(_l("This is my own device: stay signed in"))


class ActivateForm(BaseForm):
    username = TextField(_l("User name or phone number"), [InputRequired(), Length(max=40)])
    code = TextField(_l("Activation code"), [InputRequired(), Length(max=40)])
    password = PasswordField(_l("New password"), [InputRequired(), Length(max=LONGEST)])
    again = PasswordField(
        _l("New password once more"),
        [InputRequired(), EqualTo("password", _l("The two passwords differ."))],
    )
    own_device = BooleanField(_l("This is my own device: stay signed in"))


class PasswordForm(BaseForm):
    old = PasswordField(_l("Present password"), [InputRequired(), Length(max=LONGEST)])
    password = PasswordField(_l("New password"), [InputRequired(), Length(max=LONGEST)])
    again = PasswordField(
        _l("New password once more"),
        [InputRequired(), EqualTo("password", _l("The two passwords differ."))],
    )


class EmailForm(BaseForm):
    email = TextField(
        _l("E-mail address"),
        [
            Optional(),
            Length(max=254),
            Regexp(
                r"^[!-?A-~]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
                message=_l("This is not an e-mail address."),
            ),
        ],
    )
    old = PasswordField(_l("Present password"), [InputRequired(), Length(max=LONGEST)])
