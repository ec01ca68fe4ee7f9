"""The roster as a sheet: sent in, matched with who is known, shown, written at once, taken back.

`rules` reads a line and `match` finds whom it means; `plan` and `changes` work out what writing does,
`merge` does it; `back` works out what taking back does, `undo` does it.
"""
