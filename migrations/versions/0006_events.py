"""Meetings of a branch: what was held, who came, pictures.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def big():
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "event",
        sa.Column("id", big(), nullable=False),
        sa.Column("unit_id", big(), nullable=False),
        sa.Column("activity", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("form_id", sa.String(length=36), nullable=False),
        sa.Column("form_hash", sa.String(length=64), nullable=False),
        sa.Column("recorded_by_id", big(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name=op.f("ck_event_minutes")),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["account.id"], name=op.f("fk_event_recorded_by_id_account")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_event_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("form_id", name=op.f("uq_event_form_id")),
    )
    op.create_index(op.f("ix_event_unit_id_day_id"), "event", ["unit_id", "day", "id"])

    op.create_table(
        "attendance",
        sa.Column("id", big(), nullable=False),
        sa.Column("event_id", big(), nullable=False),
        sa.Column("member_id", big(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_attendance_event_id_event")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_attendance_member_id_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
    )
    op.create_index("uq_attendance_person", "attendance", ["event_id", "member_id"], unique=True)
    op.create_index(op.f("ix_attendance_member_id_event_id"), "attendance", ["member_id", "event_id"])

    op.create_table(
        "event_photo",
        sa.Column("id", big(), nullable=False),
        sa.Column("event_id", big(), nullable=False),
        sa.Column("file_id", big(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_event_photo_event_id_event")),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_event_photo_file_id_stored_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_photo")),
        sa.UniqueConstraint("file_id", name=op.f("uq_event_photo_file_id")),
    )
    op.create_index(op.f("ix_event_photo_event_id_id"), "event_photo", ["event_id", "id"])


def downgrade():
    op.drop_table("event_photo")
    op.drop_table("attendance")
    op.drop_table("event")
