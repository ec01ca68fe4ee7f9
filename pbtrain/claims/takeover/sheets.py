"""The templates of sheets of earlier hours: their drop-downs and their guide."""

from pbtrain.claims.takeover.rules import COLUMNS, MAX_ROWS, OFFERED, PROOFS
from pbtrain.org.uploads.sheets import Template

TEMPLATES = {
    kind: Template(
        name="学时",
        columns=columns,
        widths={"title": 36, "branch": 28, "note": 28},
        offered={"activity": OFFERED, "proof": PROOFS},
        guide=(
            "一行是一名党员的一次学习。姓名、学习日期必须填；党员编号和身份证后四位至少填一个。",
            "所在支部只在一个党组织填多个支部时才需要。日期写成 2026-03-05，开始时间写成 19:00，也可以空着。",
            "证明等级：B 有人证实，D 本人自述；不填按 D 算。平台导出的证明等级和算不算集中，按平台登记的来。",
            "填了开始时间的，和别的学时重叠的部分会留待支部书记处理。",
        ),
        max_rows=MAX_ROWS,
    )
    for kind, columns in COLUMNS.items()
}
