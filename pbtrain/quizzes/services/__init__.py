"""Changing quizzes: sitting them (`attempts`) and writing them (`writing`). Nothing here commits."""

from pbtrain.quizzes.services.attempts import Outcome, save_answer, start, submit
from pbtrain.quizzes.services.writing import (
    add_question,
    begin_draft,
    create_quiz,
    edit_question,
    edit_terms,
    move_question,
    publish,
    remove_question,
)

__all__ = [
    "Outcome",
    "add_question",
    "begin_draft",
    "create_quiz",
    "edit_question",
    "edit_terms",
    "move_question",
    "publish",
    "remove_question",
    "save_answer",
    "start",
    "submit",
]
