"""Lists that are sent in as sheets (of the roster, of learners, of earlier hours), and their templates.

`files` takes an upload and has it read by a process of its own (`child`); `columns`, `cells` and `reader`
say what it means; `sheets` writes the template and the lines that were refused.
"""
