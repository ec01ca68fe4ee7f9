"""Changing courses: taking them (`learning`) and writing them (`writing`). Nothing here commits."""

from pbtrain.courses.services.learning import (
    beat,
    complete_lesson,
    enrol,
    finish,
    start_quiz,
    submit_quiz,
)
from pbtrain.courses.services.writing import (
    add_lesson,
    add_quiz,
    create_course,
    edit_course,
    edit_lesson,
    move_lesson,
    publish,
    remove_lesson,
    remove_quiz,
    withdraw,
)

__all__ = [
    "add_lesson",
    "add_quiz",
    "beat",
    "complete_lesson",
    "create_course",
    "edit_course",
    "edit_lesson",
    "enrol",
    "finish",
    "move_lesson",
    "publish",
    "remove_lesson",
    "remove_quiz",
    "start_quiz",
    "submit_quiz",
    "withdraw",
]
