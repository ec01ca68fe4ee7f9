"""What the browser may send at the entrances."""

from wtforms import BooleanField, HiddenField, PasswordField
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
    end_others = BooleanField(_l("Sign out all other devices"), default=True)


class ProofForm(BaseForm):
    password = PasswordField(_l("Present password"), [InputRequired(), Length(max=LONGEST)])
    next = HiddenField(validators=[Length(max=500)])


class FactorForm(BaseForm):
    code = TextField(_l("One-time code"), [InputRequired(), Length(max=40)])
    keep_device = BooleanField(_l("Do not ask on this device for 30 days"))


class FactorResetForm(BaseForm):
    reason = TextField(_l("Reason"), [InputRequired(), Length(min=4, max=200)])
    checked = BooleanField(
        _l("I have made sure who this is, and the branch secretary or a second colleague confirms it"),
        [InputRequired()],
    )


class ForgottenForm(BaseForm):
    username = TextField(_l("User name or phone number"), [InputRequired(), Length(max=40)])


class ResetForm(BaseForm):
    code = TextField(_l("Code from the mail"), [InputRequired(), Length(max=100)])
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
