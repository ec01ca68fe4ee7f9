"""Rosters given out with full numbers, open until the file is said to be deleted.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade():
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "roster_copy",
        sa.Column("id", key, nullable=False),
        sa.Column("unit_id", key, nullable=False),
        sa.Column("taken_by_id", key, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(), nullable=True),
        sa.Column("deleted_by_id", key, nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_roster_copy_unit_id_unit")),
        sa.ForeignKeyConstraint(
            ["taken_by_id"], ["account.id"], name=op.f("fk_roster_copy_taken_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"], ["account.id"], name=op.f("fk_roster_copy_deleted_by_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_copy")),
    )
    op.create_index(
        "ix_roster_copy_open",
        "roster_copy",
        ["due_on", "id"],
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def downgrade():
    op.drop_table("roster_copy")
