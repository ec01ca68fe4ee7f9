"""What a business rule says when it says no."""

from typing import Any


class RuleError(Exception):
    """A refusal the user may read: an English msgid, its parameters, and the form field to blame.

    The text is translated at the edge (`core.i18n.say`), so that rules stay pure.
    """

    def __init__(self, message: str, field: str | None = None, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.params = params

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


class Conflict(RuleError):
    """Someone else was first: the answer is a clear 409 page that says what happened."""


class Busy(RuleError):
    """Too much at once: the answer is 503 and asks to come back in a moment."""


class TooOften(RuleError):
    """Tried too often: the answer is 429; `seconds` says how long to wait."""

    def __init__(self, message: str, seconds: int, **params: Any) -> None:
        super().__init__(message, **params)
        self.seconds = seconds
