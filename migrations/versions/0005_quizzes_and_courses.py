"""Quizzes with frozen versions and limited attempts; courses, lessons and how far each member is.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def big():
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "quiz",
        sa.Column("id", big(), nullable=False),
        sa.Column("unit_id", big(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("pass_mark", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("time_limit", sa.Integer(), nullable=True),
        sa.Column("release", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("release IN ('done', 'never')", name=op.f("ck_quiz_release")),
        sa.CheckConstraint("max_attempts BETWEEN 1 AND 20", name=op.f("ck_quiz_attempts")),
        sa.CheckConstraint("pass_mark BETWEEN 0 AND 100", name=op.f("ck_quiz_percent")),
        sa.CheckConstraint("time_limit BETWEEN 1 AND 600", name=op.f("ck_quiz_time_limit")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_quiz_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiz")),
    )
    op.create_index(op.f("ix_quiz_unit_id"), "quiz", ["unit_id"])

    op.create_table(
        "course",
        sa.Column("id", big(), nullable=False),
        sa.Column("unit_id", big(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("quiz_id", big(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("lang", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", big(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'published', 'withdrawn')", name=op.f("ck_course_state")),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name=op.f("ck_course_minutes")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["account.id"], name=op.f("fk_course_created_by_id_account")
        ),
        sa.ForeignKeyConstraint(["quiz_id"], ["quiz.id"], name=op.f("fk_course_quiz_id_quiz")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_course_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
        sa.UniqueConstraint("quiz_id", name=op.f("uq_course_quiz_id")),
    )
    op.create_index(op.f("ix_course_state_due_on_id"), "course", ["state", "due_on", "id"])
    op.create_index(op.f("ix_course_state_published_at_id"), "course", ["state", "published_at", "id"])
    op.create_index(op.f("ix_course_unit_id"), "course", ["unit_id"])

    op.create_table(
        "quiz_version",
        sa.Column("id", big(), nullable=False),
        sa.Column("quiz_id", big(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=True),
        sa.Column("published_by_id", big(), nullable=True),
        sa.ForeignKeyConstraint(
            ["published_by_id"], ["account.id"], name=op.f("fk_quiz_version_published_by_id_account")
        ),
        sa.ForeignKeyConstraint(["quiz_id"], ["quiz.id"], name=op.f("fk_quiz_version_quiz_id_quiz")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiz_version")),
    )
    op.create_index("uq_quiz_version_number", "quiz_version", ["quiz_id", "number"], unique=True)
    op.create_index(
        "uq_quiz_version_one_draft",
        "quiz_version",
        ["quiz_id"],
        unique=True,
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )

    op.create_table(
        "study_clock",
        sa.Column("id", big(), nullable=False),
        sa.Column("member_id", big(), nullable=False),
        sa.Column("beat_at", sa.DateTime(), nullable=False),
        sa.Column("previous_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_study_clock_member_id_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_clock")),
        sa.UniqueConstraint("member_id", name=op.f("uq_study_clock_member_id")),
    )
    op.create_table(
        "attempt",
        sa.Column("id", big(), nullable=False),
        sa.Column("quiz_id", big(), nullable=False),
        sa.Column("quiz_version_id", big(), nullable=False),
        sa.Column("member_id", big(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("pass_mark", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("deadline_at", sa.DateTime(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(), nullable=True),
        sa.Column("by_clock", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("possible", sa.Integer(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.CheckConstraint("number BETWEEN 1 AND max_attempts", name=op.f("ck_attempt_limit")),
        sa.CheckConstraint("score BETWEEN 0 AND possible", name=op.f("ck_attempt_score")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_attempt_member_id_member")),
        sa.ForeignKeyConstraint(["quiz_id"], ["quiz.id"], name=op.f("fk_attempt_quiz_id_quiz")),
        sa.ForeignKeyConstraint(
            ["quiz_version_id"], ["quiz_version.id"], name=op.f("fk_attempt_quiz_version_id_quiz_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_member_id_id"), "attempt", ["member_id", "id"])
    op.create_index(op.f("ix_attempt_submitted_at_deadline_at"), "attempt", ["submitted_at", "deadline_at"])
    op.create_index("uq_attempt_number", "attempt", ["quiz_id", "member_id", "number"], unique=True)
    op.create_index(
        "uq_attempt_one_open",
        "attempt",
        ["quiz_id", "member_id"],
        unique=True,
        sqlite_where=sa.text("submitted_at IS NULL"),
        postgresql_where=sa.text("submitted_at IS NULL"),
    )

    op.create_table(
        "lesson",
        sa.Column("id", big(), nullable=False),
        sa.Column("course_id", big(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("min_seconds", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("min_seconds BETWEEN 0 AND 36000", name=op.f("ck_lesson_min_seconds")),
        sa.CheckConstraint("minutes BETWEEN 0 AND 600", name=op.f("ck_lesson_minutes")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_lesson_course_id_course")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson")),
    )
    op.create_index(op.f("ix_lesson_course_id_position_id"), "lesson", ["course_id", "position", "id"])

    op.create_table(
        "question",
        sa.Column("id", big(), nullable=False),
        sa.Column("quiz_version_id", big(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("key", sa.JSON(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("points BETWEEN 0 AND 100000", name=op.f("ck_question_points")),
        sa.ForeignKeyConstraint(
            ["quiz_version_id"], ["quiz_version.id"], name=op.f("fk_question_quiz_version_id_quiz_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
    )
    op.create_index(
        op.f("ix_question_quiz_version_id_position_id"), "question", ["quiz_version_id", "position", "id"]
    )

    op.create_table(
        "answer",
        sa.Column("id", big(), nullable=False),
        sa.Column("attempt_id", big(), nullable=False),
        sa.Column("question_id", big(), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("saved_at", sa.DateTime(), nullable=False),
        sa.Column("earned", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_answer_attempt_id_attempt")),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_answer_question_id_question")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
    )
    op.create_index(op.f("ix_answer_question_id"), "answer", ["question_id"])
    op.create_index("uq_answer_question", "answer", ["attempt_id", "question_id"], unique=True)

    op.create_table(
        "enrolment",
        sa.Column("id", big(), nullable=False),
        sa.Column("course_id", big(), nullable=False),
        sa.Column("member_id", big(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("last_lesson_id", big(), nullable=True),
        sa.Column("enrolled_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("state IN ('active', 'finished')", name=op.f("ck_enrolment_state")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_enrolment_course_id_course")),
        sa.ForeignKeyConstraint(
            ["last_lesson_id"], ["lesson.id"], name=op.f("fk_enrolment_last_lesson_id_lesson")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_enrolment_member_id_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
    )
    op.create_index(op.f("ix_enrolment_member_id_state_id"), "enrolment", ["member_id", "state", "id"])
    op.create_index("uq_enrolment_pair", "enrolment", ["course_id", "member_id"], unique=True)

    op.create_table(
        "lesson_time",
        sa.Column("id", big(), nullable=False),
        sa.Column("member_id", big(), nullable=False),
        sa.Column("lesson_id", big(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name=op.f("fk_lesson_time_lesson_id_lesson")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_lesson_time_member_id_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_time")),
    )
    op.create_index(op.f("ix_lesson_time_lesson_id"), "lesson_time", ["lesson_id"])
    op.create_index("uq_lesson_time_pair", "lesson_time", ["member_id", "lesson_id"], unique=True)

    op.create_table(
        "lesson_done",
        sa.Column("id", big(), nullable=False),
        sa.Column("enrolment_id", big(), nullable=False),
        sa.Column("lesson_id", big(), nullable=False),
        sa.Column("done_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_lesson_done_enrolment_id_enrolment")
        ),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name=op.f("fk_lesson_done_lesson_id_lesson")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_done")),
    )
    op.create_index(op.f("ix_lesson_done_lesson_id"), "lesson_done", ["lesson_id"])
    op.create_index("uq_lesson_done_pair", "lesson_done", ["enrolment_id", "lesson_id"], unique=True)


def downgrade():
    op.drop_table("lesson_done")
    op.drop_table("lesson_time")
    op.drop_table("enrolment")
    op.drop_table("answer")
    op.drop_table("question")
    op.drop_table("lesson")
    op.drop_table("attempt")
    op.drop_table("study_clock")
    op.drop_table("quiz_version")
    op.drop_table("course")
    op.drop_table("quiz")
