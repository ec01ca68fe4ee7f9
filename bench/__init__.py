"""What is measured, and how: bare limits of this machine and pbtrain side by side, in one run.

`python -m bench` (what `make bench` types). Ratios are judged within a run only; figures of other days are
printed as indicative.
"""
