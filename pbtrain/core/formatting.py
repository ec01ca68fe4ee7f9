"""How values look, for templates, mails and reports alike. Hours are integers of hundredths of a 学时."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from pbtrain.core import clock

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


def hours(hundredths: int | None) -> str:
    """2150 -> '21.5', 45 -> '0.45', 300 -> '3.0': one decimal, two only where needed."""
    if hundredths is None:
        return ""
    value = Decimal(hundredths) / 100
    tenths = value.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{tenths if tenths == value else value.quantize(Decimal('0.01')):,}"


def whole_hours(hundredths: int | None) -> str:
    """3200 -> '32', 4550 -> '45.5': a target, which is a round figure more often than not."""
    return hours(hundredths).removesuffix(".0")


def number(value: int | None) -> str:
    """18460 -> '18,460'."""
    return "" if value is None else f"{value:,}"


def points(hundredths: int) -> str:
    """500 -> '5', 333 -> '3.33': points of a quiz, kept in hundredths."""
    return f"{Decimal(hundredths) / 100:,.2f}".rstrip("0").rstrip(".")


def day(value: date | None, *, english: bool = False) -> str:
    """'9月25日 周五', or '25 Sep Fri' for readers of English."""
    if value is None:
        return ""
    return f"{value:%d %b %a}" if english else f"{value.month}月{value.day}日 {WEEKDAYS[value.weekday()]}"


def short_day(value: date | None, *, english: bool = False) -> str:
    """'9月25日', or '25 Sep' for readers of English."""
    if value is None:
        return ""
    return f"{value:%d %b}" if english else f"{value.month}月{value.day}日"


def check_code(digest: str) -> str:
    """'7f3a9c21b04e…' -> '7F3A-9C21-B04E': the beginning of a hash, as people compare it."""
    head = digest[:12].upper()
    return "-".join(head[i : i + 4] for i in range(0, len(head), 4))


def long_day(value: date | None, *, english: bool = False) -> str:
    """'2026年9月25日', or '25 Sep 2026' for readers of English."""
    if value is None:
        return ""
    return f"{value:%d %b %Y}" if english else f"{value.year}年{value.month}月{value.day}日"


def weekday(value: date | None, *, english: bool = False) -> str:
    """'2026年9月25日 周五', or '25 Sep 2026, Fri' for readers of English."""
    if value is None:
        return ""
    return f"{value:%d %b %Y, %a}" if english else f"{long_day(value)} {WEEKDAYS[value.weekday()]}"


def clock_time(value: datetime | None) -> str:
    """'15:00' on a clock in Asia/Shanghai."""
    return "" if value is None else f"{clock.local(value):%H:%M}"


def moment(value: datetime | None, *, english: bool = False) -> str:
    """'2026年9月25日 15:00' on a clock in Asia/Shanghai."""
    if value is None:
        return ""
    return f"{long_day(clock.local(value).date(), english=english)} {clock_time(value)}"


def mask_phone(phone: str | None) -> str:
    """'13800138000' -> '138****8000'."""
    return f"{phone[:3]}****{phone[-4:]}" if phone and len(phone) >= 8 else phone or ""
