"""Counts of a unit and all below it, and an order for lists of a large part of the roster.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "unit_count",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("asleep", sa.Integer(), nullable=False),
        sa.Column("branches", sa.Integer(), nullable=False),
        sa.Column("leaderless", sa.Integer(), nullable=False),
        sa.Column("acting", sa.Integer(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_count_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_count")),
        sa.UniqueConstraint("unit_id", name=op.f("uq_unit_count_unit_id")),
    )
    op.create_index(
        "ix_unit_count_leaderless",
        "unit_count",
        ["unit_id"],
        sqlite_where=sa.text("leaderless > 0"),
        postgresql_where=sa.text("leaderless > 0"),
    )
    op.create_index(op.f("ix_member_pinyin_id"), "member", ["pinyin", "id"])


def downgrade():
    op.drop_index(op.f("ix_member_pinyin_id"), table_name="member")
    op.drop_table("unit_count")
