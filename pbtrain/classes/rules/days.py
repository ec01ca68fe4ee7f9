"""Days of a calendar page: the weeks of a month, the page before and after."""

from datetime import date, timedelta

VIEWS = ("month", "week", "list")
LIST_DAYS = 92  # of the list, from the day asked for


def span(view: str, day: date) -> tuple[date, date]:
    """First and last day on the page that shows `day`: whole weeks from Monday for a month.

    >>> span("month", date(2026, 10, 12))
    (datetime.date(2026, 9, 28), datetime.date(2026, 11, 1))
    """
    if view == "list":
        return day, day + timedelta(days=LIST_DAYS - 1)
    first = day.replace(day=1) if view == "month" else day
    first -= timedelta(days=first.weekday())
    if view == "week":
        return first, first + timedelta(days=6)
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first, last + timedelta(days=6 - last.weekday())


def turned(view: str, day: date, pages: int) -> date:
    """A day on the page so many pages on, or back."""
    if view == "month":
        months = day.year * 12 + day.month - 1 + pages
        return date(months // 12, months % 12 + 1, 1)
    return day + timedelta(days=pages * (7 if view == "week" else LIST_DAYS))


def weeks(first: date, last: date) -> list[list[date]]:
    """The days between, seven in a row."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [days[n : n + 7] for n in range(0, len(days), 7)]
