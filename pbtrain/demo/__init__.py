"""Demo data: invented people (示例…) in an invented district, built through the services.

Everything is derived from today and one fixed seed, so that any day of the year shows people who met their
target, keep the pace, are behind, and have not begun. Nothing lies in the future.
"""
