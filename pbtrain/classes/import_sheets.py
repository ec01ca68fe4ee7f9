"""The template of lists of people for a class: its drop-downs and its guide."""

from pbtrain.classes.rules.imports import COLUMNS, MAX_ROWS
from pbtrain.org.uploads.sheets import Template

TEMPLATE = Template(
    name="学员",
    columns=COLUMNS,
    widths={"name": 16, "branch": 34, "phone": 15},
    offered={"outside": ("是", "否")},
    guide=(
        "一行一名学员。姓名必须填；党员编号、身份证后四位、所在支部至少填一个，有重名时以党员编号为准。",
        "所在支部可以从下拉列表里选，也可以写全称或代码。",
        "外地学员（不在本学院服务范围内的）：“外地学员”选“是”，“所在支部或单位”写单位，手机号可以填。",
        "手机号只用于联系外地学员，结束后 90 天自动清除。",
    ),
    max_rows=MAX_ROWS,
)
