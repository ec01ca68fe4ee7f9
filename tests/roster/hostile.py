"""Files no honest office sends, and some that honest offices do send: each one here is made, none is kept."""

import struct
import zipfile
from io import BytesIO

from tests.roster import sheets

SHEET = "xl/worksheets/sheet1.xml"
ROWS = [sheets.person(1), sheets.person(2)]


def rebuilt(change=None, *, data=None, drop=(), add=()):
    """A workbook with one part changed by `change(name, body)`, parts dropped or added."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(data or sheets.xlsx(ROWS))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            body = old.read(entry)
            if entry.filename not in drop:
                new.writestr(entry.filename, change(entry.filename, body) if change else body)
        for name, body in add:
            new.writestr(name, body)
    return out.getvalue()


def in_sheet(old, new, **more):
    """A workbook whose first worksheet has `old` replaced."""
    return rebuilt(lambda name, body: body.replace(old, new) if name == SHEET else body, **more)


def bomb():
    """0.5 MB that hold 512 MB."""
    return rebuilt(add=[("xl/media/a.xml", b"0" * (512 * 1024 * 1024))])


def steep_bomb():
    """Within the sum, but 100 MB of one letter."""
    return rebuilt(add=[("xl/media/a.bin", b"0" * (100 * 1024 * 1024))])


def many_empty_rows():
    """A million rows without a cell."""
    rows = b"".join(b'<row r="%d"/>' % number for number in range(10, 1_000_010))
    return in_sheet(b"</sheetData>", rows + b"</sheetData>")


def many_entries():
    return rebuilt(add=[(f"x/{number}", b"") for number in range(2_001)])


def stray_cell():
    """One cell in the last corner of the sheet."""
    cell = b'<row r="1048576"><c r="XFD1048576" t="str"><v>x</v></c></row>'
    return in_sheet(b"</sheetData>", cell + b"</sheetData>")


def entities():
    """Ten nested entities: a billion laughs."""
    lines = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    head = b'<!DOCTYPE x [<!ENTITY a0 "ha">' + lines + b"]>"
    return in_sheet(b"<worksheet", head + b"<worksheet")


def outside_entity():
    head = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    return rebuilt(
        lambda name, body: (
            body.replace(b"<workbook", head + b"<workbook", 1) if name == "xl/workbook.xml" else body
        )
    )


def lying_size():
    """Says that a part is smaller than it is."""
    data = bytearray(sheets.xlsx(ROWS))
    with zipfile.ZipFile(BytesIO(data)) as archive:
        entry = archive.getinfo(SHEET)
    at = data.rfind(SHEET.encode()) - 46
    struct.pack_into("<I", data, at + 24, entry.file_size // 2)
    return bytes(data)


def twins():
    """Two parts of one name."""
    out = BytesIO(sheets.xlsx(ROWS))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("XL/Worksheets/Sheet1.xml", b"<worksheet/>")
    return out.getvalue()


def overlapping():
    """A second name for the bytes of the first."""
    data = bytearray(rebuilt(add=[("xl/worksheets/sheet9.xml", b"x" * 400)]))
    with zipfile.ZipFile(BytesIO(data)) as archive:
        first = archive.infolist()[0].header_offset
        last = archive.infolist()[-1].filename.encode()
    struct.pack_into("<I", data, data.rfind(last) - 46 + 42, first + 1)
    return bytes(data)


def nested():
    """A zip in a zip in a zip, and no workbook at all."""
    data = sheets.xlsx(ROWS)
    for _ in range(3):
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("名册.xlsx", data)
        data = out.getvalue()
    return data


def misnamed(name):
    """A workbook with one more part, whose name leads somewhere else."""
    other = "z" * len(name.encode())
    return rebuilt(add=[(f"{other}", b"")]).replace(other.encode(), name.encode())


def encrypted():
    """The bit that says: a password is needed."""
    data = bytearray(sheets.xlsx(ROWS))
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def password_container():
    """What Excel makes of a workbook with a password."""
    return bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")


def cell(text):
    """A workbook in which the first person's name is this raw XML text."""
    shared = "示例王一".encode()
    return rebuilt(
        lambda name, body: body.replace(shared, text) if name == "xl/sharedStrings.xml" else body,
        data=sheets.xlsx([sheets.person(1, 姓名="示例王一")]),
    )


WORKBOOKS = {
    "bomb": (bomb, "解开后太大"),
    "steep bomb": (steep_bomb, "解开后太大"),
    "a million empty rows": (many_empty_rows, "超过 50000 行"),
    "too many parts": (many_entries, "解开后太大"),
    "entities": (entities, "文件已损坏"),
    "outside entity": (outside_entity, "文件已损坏"),
    "lying size": (lying_size, "文件已损坏"),
    "twins": (twins, "文件已损坏"),
    "overlapping": (overlapping, "文件已损坏"),
    "nested": (nested, "不是 Excel 表"),
    "cut": (lambda: sheets.xlsx(ROWS)[:-200], "文件已损坏"),
    "cut early": (lambda: sheets.xlsx(ROWS)[:40], "文件已损坏"),
    "no sheet": (lambda: rebuilt(drop=("xl/workbook.xml",)), "不是 Excel 表"),
    "broken XML": (lambda: in_sheet(b"</sheetData>", b"</sheet"), "文件已损坏"),
    "password bit": (encrypted, "密码保护"),
    "macro": (lambda: rebuilt(add=[("xl/vbaProject.bin", b"x")]), "宏"),
    "embedded object": (lambda: rebuilt(add=[("xl/embeddings/oleObject1.bin", b"x")]), "嵌有别的文件"),
    "xlsb": (lambda: rebuilt(add=[("xl/workbook.bin", b"x")]), ".xlsb"),
    "no headers": (lambda: sheets.xlsx([{"甲": "1", "乙": "2"}]), "没有找到表头"),
    "two columns of one name": (
        lambda: sheets.xlsx([sheets.person(1, 手机="13900000001")]), "有两列都是“手机号”",
    ),
    "no branch column": (lambda: sheets.xlsx([{"姓名": "示例王五", "性别": "男"}]), "缺少“所在支部”列"),
    "headers only": (lambda: sheets.xlsx([{"姓名": "", "所在支部": ""}]), "表头下面没有内容"),
    "many columns": (
        lambda: sheets.xlsx([sheets.person(n) | {f"列{i}": "x" for i in range(1_200)} for n in (1, 2)]),
        "超过 100 列",
    ),
}  # fmt: skip

BAD_NAMES = [
    "../../etc/passwd", "/etc/passwd", "xl/../../evil", "C:/evil.txt", "xl\\evil.xml", "xl//evil.xml",
    "~/evil", "xl/./evil", "xl/e\x01vil", "..",
]  # fmt: skip

AT_THE_DOOR = {
    "empty": (b"", "文件是空的"),
    "web page": (b"\xef\xbb\xbf  <html><table><tr><td>\xe5\xa7\x93\xe5\x90\x8d", "另存为 .xlsx"),
    "xml": (b'<?xml version="1.0"?><Workbook>', "另存为 .xlsx"),
    "old xls": (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "旧版 Excel"),
    "password": (password_container(), "密码保护"),
    "pdf": (b"%PDF-1.7 ...", "不是 .xlsx 或 .csv 文件"),
    "picture": (b"\x89PNG\r\n\x1a\n", "不是 .xlsx 或 .csv 文件"),
}


def mixed():
    """UTF-8 with one line in GBK."""
    text = sheets.text([sheets.person(number) for number in (1, 2, 3)])
    lines = text.encode().split(b"\r\n")
    lines[2] = sheets.text([sheets.person(2)]).encode("gb18030").split(b"\r\n")[1]
    return b"\r\n".join(lines)


def mixed_other_way():
    """GBK with one line in UTF-8; as a whole it would decode as GB18030, into nonsense."""
    rows = [sheets.person(number, 姓名="示例王小红") for number in (1, 2, 3)]
    lines = sheets.text(rows).encode("gb18030").split(b"\r\n")
    lines[2] = sheets.text(rows).encode().split(b"\r\n")[2]
    return b"\r\n".join(lines)


TEXTS = {
    "zero byte": (lambda: sheets.text(ROWS).encode() + b"\0", "第 4 行有零字节"),
    "UTF-16": (lambda: sheets.text(ROWS).encode("utf-16"), "UTF-16"),
    "mixed": (mixed, "混用了两种编码"),
    "mixed the other way": (mixed_other_way, "混用了两种编码"),
    "cut in a character": (lambda: sheets.text(ROWS).encode()[:-30] + b"\xff\xff", "混用了两种编码"),
    "open quote": (lambda: (sheets.text(ROWS) + '"示例').encode(), "引号不成对"),
    "nonsense": (lambda: bytes(range(1, 256)) * 20, ""),
}
