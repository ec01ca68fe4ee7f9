"""What the browser may send about certificates."""

from flask_wtf.file import FileField, FileRequired, FileSize
from wtforms import BooleanField, IntegerField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from pbtrain.classes.rules import completion
from pbtrain.core.forms import BaseForm, ProseField, TextField, VersionedForm
from pbtrain.core.i18n import _l
from pbtrain.core.storage import MAX_BYTES

BRACES = " ".join(f"{{{word}}}" for word in completion.WORDS)


class StyleForm(VersionedForm):
    """What an academy's certificates look like."""

    title = TextField(_l("Title of the certificate"), [InputRequired(), Length(max=40)])
    body = ProseField(_l("Text"), [InputRequired(), Length(max=500)],
                      description=_l("Words in braces are filled in: %(words)s", words=BRACES))  # fmt: skip
    signer = TextField(_l("Who signs"), [Optional(), Length(max=60)],
                       description=_l("Post and name, as they stand under the text."))  # fmt: skip
    series = TextField(
        _l("Before the number"),
        [Optional(), Length(max=20)],
        description=_l("{年份} becomes the year: “国门{年份}-” gives 国门2026-00001."),
    )
    valid_years = IntegerField(
        _l("Valid for how many years"),
        [InputRequired(_l("Enter a number; 0 is for good.")), NumberRange(min=0, max=20)],
        description=_l("0: for good."),
    )
    signature = FileField(_l("Picture of the signature"), [Optional(), FileSize(MAX_BYTES)])
    unsigned = BooleanField(_l("Without a picture of the signature from now on"))


class RevokeForm(BaseForm):
    reason = ProseField(_l("Why"), [InputRequired(_l("Say why, in a few words.")), Length(max=300)])
    again = BooleanField(_l("Give a new one with a new number at once"))


class CheckForm(BaseForm):
    """A PDF that somebody was handed."""

    file = FileField(
        _l("PDF of the certificate"), [FileRequired(_l("Choose a file.")), FileSize(MAX_BYTES)],
        description=_l("At most 10 MB. Nothing of it is kept."),
    )  # fmt: skip
