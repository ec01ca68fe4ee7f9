"""Hours that somebody claims: self-study, platforms, visits, paper; their evidence, and who decides on them.

A claim becomes a line of the ledger only by `hours.services.post_many`.
"""
