"""Rows of courses: taking and writing them."""

from tests.support.matrix import row

EDITS = {"academy_admin": "subtree", "course_author": "own"}
DRAFT = {"course_id": "draft_id", "lesson_id": "draft_lesson_id", "question_id": "draft_question_id"}

TABLE = {
    # -- courses: taking them
    "courses.catalogue": row("learn", members="all"),
    "courses.course": row("learn", members="all"),
    "courses.course draft": row("learn", members="none", use={"course_id": "draft_id"}),
    "courses.enrol": row("learn", members="all", post=303),
    "courses.enrol draft": row("learn", members="none", use={"course_id": "draft_id"}),
    "courses.lesson": row("learn", members="own"),
    "courses.lesson draft": row("learn", members="none", use=DRAFT),
    "courses.complete_lesson": row("learn", members="own", post=303, outside=422),
    "courses.complete_lesson draft": row("learn", members="none", use=DRAFT),
    "courses.beat": row("learn", members="own", post=204),
    "courses.beat draft": row("learn", members="none", use=DRAFT),
    "courses.quiz": row("learn", members="own"),
    "courses.start_quiz": row("learn", members="own", post={303, 422}, outside=404),
    "courses.question": row("learn", members="mine"),
    "courses.answer": row("learn", members="mine", post=303),
    "courses.save_answer": row("learn", members="mine", post=204),
    "courses.review": row("learn", members="mine"),
    "courses.submit": row("learn", members="mine", post=303),
    "courses.result": row("learn", members="mine", get=303),
    # -- courses: writing them
    "courses.desk": row("course:edit", academy="all"),
    "courses.new_course": row("course:edit", academy="all", post=422),
    "courses.outline": row("course:edit", **EDITS),
    "courses.edit_course": row("course:edit", **EDITS, post=422),
    "courses.preview": row("course:edit", **EDITS),
    "courses.new_lesson": row("course:edit", **EDITS, post=422),
    "courses.edit_lesson": row("course:edit", **EDITS, post=422, use=DRAFT),
    "courses.move_lesson": row("course:edit", **EDITS, post=303, use=DRAFT),
    "courses.remove_lesson": row("course:edit", **EDITS, post=303, use=DRAFT),
    "courses.add_quiz": row("course:edit", **EDITS, post={303, 422}),
    "courses.edit_terms": row("course:edit", **EDITS, post=422),
    "courses.remove_quiz": row("course:edit", **EDITS, post=303, use=DRAFT),
    "courses.revise_quiz": row("course:edit", **EDITS, post=303),
    "courses.new_question": row("course:edit", **EDITS, post=422, use=DRAFT),
    "courses.edit_question": row("course:edit", **EDITS, post=422, use=DRAFT),
    "courses.move_question": row("course:edit", **EDITS, post=303, use=DRAFT),
    "courses.remove_question": row("course:edit", **EDITS, post=303, use=DRAFT),
    "courses.publish": row("course:publish", academy_admin="subtree", post=303, use=DRAFT),
    "courses.withdraw": row("course:publish", academy_admin="subtree", post=303),
}
