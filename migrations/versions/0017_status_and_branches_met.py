"""Cadres, and who is suspended or abroad, as dated facts; how many branches below a unit have met the year.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "status_span",
        sa.Column("id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_status_span_member_id_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_span")),
    )
    op.create_index(op.f("ix_status_span_member_id_valid_from"), "status_span", ["member_id", "valid_from"])
    op.add_column("unit_year", sa.Column("met_branches", sa.Integer(), server_default="0", nullable=False))


def downgrade():
    op.drop_column("unit_year", "met_branches")
    op.drop_table("status_span")
