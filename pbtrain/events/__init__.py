"""Meetings of a branch: what was held, who came, and the hours that follow.

An **event** is one 主题党日 or 党课 that was held; its **attendance** says of each member of that day whether
they came. Each person present gets one line in the ledger, named by the occurrence "event:12".
"""
