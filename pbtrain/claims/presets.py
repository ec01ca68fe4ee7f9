"""Platforms that units in Inner Mongolia use (domain.md A21), to begin with; every figure can be changed.

No source establishes their conversion: the figures are cautious proposals.
"""

PRESETS = (
    {"name": "学习强国", "link": "https://www.xuexi.cn/", "counts_in": "points", "per_hour": 30,
     "year_cap": 800, "proof": "C", "mode": "self"},
    {"name": "法宣在线", "link": "", "counts_in": "lessons", "per_hour": 1,
     "year_cap": 800, "proof": "C", "mode": "group"},
    {"name": "干部培训网络学院", "link": "", "counts_in": "minutes", "per_hour": 45,
     "year_cap": 1600, "proof": "C", "mode": "group"},
    {"name": "网上3D廉政教育展厅", "link": "", "counts_in": "minutes", "per_hour": 45,
     "year_cap": 200, "proof": "D", "mode": "self"},
)  # fmt: skip
