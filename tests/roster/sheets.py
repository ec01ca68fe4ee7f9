"""Rosters as offices send them: lines of {header: cell} as xlsx or csv, and people who can stand in them."""

import csv
from io import BytesIO, StringIO

import xlsxwriter
from stdnum.cn import ric

DATE = "yyyy-mm-dd"


def id_number(born="19900307", serial=123, area="150102"):
    """A number whose last digit is right."""
    start = f"{area}{born}{serial:03d}"
    return start + ric.calc_check_digit(f"{start}0")  # it wants a place for the digit


def person(number=1, branch="示例第1党支部", **more):
    """A line that can be read in."""
    born = f"19{60 + number % 40:02d}0{1 + number % 9}1{number % 9}"
    return {
        "姓名": f"示例王{chr(0x4E00 + number)}",
        "身份证号": id_number(born, 100 + number % 800),
        "手机号": f"139{number:08d}",
        "所在支部": branch,
    } | more


def headers(rows):
    """All headers of the lines, in the order in which they first appear."""
    return list(dict.fromkeys(header for row in rows for header in row))


def xlsx(rows, *, sheet="党员名册", hidden=(), date_1904=False, above=0, strings=True, more_sheets=()):
    """A workbook; a cell that is callable gets (worksheet, row, column) and writes itself."""
    out = BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "date_1904": date_1904},
    )
    for name in more_sheets:
        book.add_worksheet(name).write(0, 0, "说明")
    page = book.add_worksheet(sheet)
    for name in hidden:
        book.add_worksheet(name).hide()
    columns = headers(rows)
    page.write_row(above, 0, columns)
    day = book.add_format({"num_format": DATE})
    for line, row in enumerate(rows, above + 1):
        for column, header in enumerate(columns):
            cell = row.get(header, "")
            if callable(cell):
                cell(page, line, column)
            elif hasattr(cell, "year"):
                page.write_datetime(line, column, cell, day)
            elif isinstance(cell, str):
                page.write_string(line, column, cell)
            else:
                page.write(line, column, cell)
    book.close()
    return out.getvalue()


def text(rows, delimiter=","):
    """The same as CSV text."""
    out = StringIO()
    columns = headers(rows)
    writer = csv.DictWriter(out, columns, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
