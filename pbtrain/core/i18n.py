"""Words on the screen: English in the source, Chinese by default, the reader's choice from a cookie."""

from typing import Any

from flask import Flask, has_request_context, request
from flask_babel import Babel, force_locale, get_locale, gettext, lazy_gettext, ngettext
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

__all__ = ["N_", "_", "_l", "babel", "get_locale", "in_chinese", "ngettext", "say"]

LANGUAGES = {"zh_Hans_CN": "中文", "en": "English"}
DEFAULT = "zh_Hans_CN"
KEPT = 5_000  # texts of templates in each language; there are about two thousand

babel = Babel()
_ = gettext
_l = lazy_gettext


def say(error: RuleError) -> str:
    """The refusal in the reader's language; parameters that are msgids themselves are translated too."""
    params = {
        name: gettext(value) if isinstance(value, str) and value else value
        for name, value in error.params.items()
    }
    return str(gettext(error.message, **params))


def say_kept(message: str, params: dict[str, Any]) -> str:
    """The same of a refusal that was kept with a job or a line, as its msgid and parameters."""
    return say(RuleError(message, **params))


def in_chinese(message: str, **params: object) -> str:
    """The text in Chinese, whoever reads this page: what is stored for somebody else to read."""
    with force_locale(DEFAULT):
        return str(gettext(message, **params))


def chosen_language() -> str:
    """The language of this request; Chinese outside one, so that mails and jobs speak Chinese."""
    if not has_request_context():
        return DEFAULT
    wanted = request.cookies.get("language", DEFAULT)
    return wanted if wanted in LANGUAGES else DEFAULT


def init_app(app: Flask) -> None:
    """Before any form is made: its messages are translated too."""
    babel.init_app(
        app,
        default_locale=DEFAULT,
        default_timezone="Asia/Shanghai",
        locale_selector=chosen_language,
    )
    speak_in_templates(app)


def speak_in_templates(app: Flask) -> None:
    """`_()` in templates as Jinja has it, in one call instead of nine: a page has fifty of them."""
    kept: dict[str, dict[str, str]] = {}  # by language: a Locale takes longer to be found than a text

    @pass_eval_context
    def translated(context: EvalContext, text: str, /, **variables: Any) -> str:
        locale = get_locale()
        words = kept.setdefault(locale.language if locale else "", {})
        found = words.get(text)
        if found is None:
            found = gettext(text)
            if len(words) < KEPT:
                words[text] = found
        if context.autoescape:
            found = Markup(found)  # noqa: S704 - our own words; what is put into them is escaped
        return found % variables if "%" in found else found

    app.jinja_env.globals.update(gettext=translated, _=translated)
