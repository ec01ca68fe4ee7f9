"""Lists of who enters a restricted site (限定管理区): when they are due, when they go. Pure."""

from datetime import date, timedelta

KEPT_DAYS = 7  # after the visit, for questions of the site; then nothing is left
COLUMNS = {"姓名": "name", "性别": "sex", "证件号码": "id_number"}  # of the list, by facts of org.personal


def due_on(visit: date, list_days: int) -> date:
    """Until when the site wants the list."""
    return visit - timedelta(days=list_days)


def purge_on(visit: date) -> date:
    """The first day on which nothing of the list is left."""
    return visit + timedelta(days=KEPT_DAYS)


def sex_of(number: str, recorded: str = "") -> str:
    """M or F: as recorded, else what the 17th digit of an ID number says; "" without either.

    >>> sex_of("150102199003074526"), sex_of("", "M")
    ('F', 'M')
    """
    if recorded:
        return recorded
    return ("F" if int(number[16]) % 2 == 0 else "M") if len(number) == 18 else ""


def masked(number: str) -> str:
    """'150102199003074526' -> '150102********4526'."""
    return f"{number[:6]}{'*' * 8}{number[-4:]}" if number else ""
