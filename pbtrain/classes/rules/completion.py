"""When a learner has finished a class, condition by condition, and what a certificate says. Pure.

The rule of a class is JSON: {"share": percent of the minutes of its sessions, "credit": hundredths of a 学时
in the ledger, "exam": true}. What it does not name is not asked for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

WORDS = {  # what may stand in braces, and the fact it is filled with
    "姓名": "name", "学院": "academy", "期数": "term", "班次": "class", "开始": "from", "结束": "until",
    "学时": "hours",
}  # fmt: skip
YEAR = "年份"  # in the series
_BRACED = re.compile(r"\{([^{}]*)\}")
TITLE = "结业证书"
BODY = "{姓名}同志于{开始}至{结束}参加{学院}{期数}{班次}，完成规定的学习，共{学时}学时，准予结业，特发此证。"
GUEST_TITLE = "参训证明"
GUEST_BODY = "兹证明{姓名}同志于{开始}至{结束}参加{学院}{期数}{班次}，到课学习共{学时}学时。特此证明。"
SERIES = "{年份}-"
PLACES = 5  # digits of a number: 00012


@dataclass(frozen=True)
class Attended:
    """What is known of a learner: minutes of the sessions sat through, credit of them in the ledger in
    hundredths, whether the exam is passed; None where it cannot be known of a guest."""

    minutes: int = 0
    credit: int | None = 0
    passed: bool | None = False
    study: int = 0  # of the minutes, by the way of teaching of each session


@dataclass(frozen=True)
class Condition:
    """One thing a class asks: is it met, and how it stands, in a sentence."""

    key: str  # share, credit, exam, sessions
    met: bool
    message: str
    params: dict[str, Any]


def judge(rule: Mapping[str, Any], held: int, learner: Attended) -> tuple[Condition, ...]:
    """How a learner stands with each condition; `held` is the minutes of all sessions that were held.

    A guest is known by attendance alone: hours and exams stand where they are at home.
    """
    if not held:
        return (Condition("sessions", False, N_("No session has been held."), {}),)
    found = [_share(int(rule.get("share") or 0), held, min(learner.minutes, held))]
    if rule.get("credit") and learner.credit is not None:
        need = int(rule["credit"])
        found.append(
            Condition("credit", learner.credit >= need,
                      N_("%(have)s of %(need)s hours stand in the ledger"),
                      {"have": shown(learner.credit), "need": shown(need)})
        )  # fmt: skip
    if rule.get("exam") and learner.passed is not None:
        told = N_("the exam is passed") if learner.passed else N_("the exam is not passed")
        found.append(Condition("exam", learner.passed, told, {}))
    return tuple(found)


def _share(need: int, held: int, came: int) -> Condition:
    """Exact: 80 percent of 450 minutes are 360, and 359 are not enough. Who never came has nothing."""
    told = N_("%(came)s of %(held)s minutes attended, %(have)s%%; %(need)s%% are asked")
    params = {"came": came, "held": held, "have": 100 * came // held, "need": need}
    return Condition("share", came > 0 and came * 100 >= held * need, told, params)


def shown(hundredths: int) -> str:
    """1250 -> '12.5', 800 -> '8'."""
    return f"{hundredths // 100}.{hundredths % 100:02}".rstrip("0").rstrip(".")


def is_met(conditions: tuple[Condition, ...]) -> bool:
    """Are all of them met?"""
    return all(each.met for each in conditions)


def check_text(text: str, field: str) -> str:
    """The text; RuleError for words in braces that stand for nothing.

    >>> check_text("{姓名}于{开始}", "body")
    '{姓名}于{开始}'
    """
    unknown = [word for word in _BRACED.findall(text) if word not in WORDS]
    if unknown or _BRACED.sub("", text).strip("{}") != _BRACED.sub("", text):
        raise RuleError(
            N_("“{%(word)s}” stands for nothing. You may use: %(known)s."),
            field,
            word=unknown[0] if unknown else "",
            known=" ".join(f"{{{word}}}" for word in WORDS),
        )
    return text


def check_series(series: str) -> str:
    """What stands before the number; RuleError for anything in braces but {年份}."""
    if set(_BRACED.findall(series)) - {YEAR}:
        raise RuleError(N_("Only {年份} may stand in braces here."), "series")
    return series


def of_days(text: str, *, one: bool) -> str:
    """The text of a class; of one day its first day alone.

    >>> of_days("于{开始}至{结束}参加", one=True)
    '于{开始}参加'
    """
    return text.replace("{开始}至{结束}", "{开始}") if one else text


def filled(text: str, facts: Mapping[str, Any]) -> str:
    """The text with its placeholders filled in; a value is never read as a placeholder again."""
    return _BRACED.sub(lambda match: str(facts.get(WORDS.get(match[1], match[1]), "")), text)


def numbered(series: str, year: int, number: int) -> str:
    """The number as it is printed.

    >>> numbered("国门{年份}-", 2026, 12)
    '国门2026-00012'
    """
    return filled(series or SERIES, {YEAR: year}) + f"{number:0{PLACES}}"


def valid_until(issued: date, years: int) -> date | None:
    """The last day on which a certificate holds: None for good; the 29th of February ends on the 28th."""
    if not years:
        return None
    try:
        return issued.replace(year=issued.year + years)
    except ValueError:
        return date(issued.year + years, 2, 28)


def standing(revoked: bool, until: date | None, today: date) -> str:
    """holds, revoked or expired."""
    if revoked:
        return "revoked"
    return "expired" if until is not None and until < today else "holds"
