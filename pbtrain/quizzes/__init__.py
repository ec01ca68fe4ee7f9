"""Questions, papers and attempts.

A **quiz** is what is sat; its **version** is the frozen set of questions an **attempt** points at; the
**key** (what is right) stays on the server until it is **released**. Marks are whole hundredths of a point.
"""
