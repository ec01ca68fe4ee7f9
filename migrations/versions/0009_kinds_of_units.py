"""What kind a unit was before it changed: only of units that changed; today's kind stands in the unit.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "unit_kind_span",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_kind_span_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_kind_span")),
    )
    op.create_index(op.f("ix_unit_kind_span_unit_id_valid_from"), "unit_kind_span", ["unit_id", "valid_from"])


def downgrade():
    op.drop_table("unit_kind_span")
