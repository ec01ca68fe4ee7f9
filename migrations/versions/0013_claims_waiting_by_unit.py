"""How many claims wait below a unit, kept beside its other figures.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("unit_year", sa.Column("waiting", sa.Integer(), server_default="0", nullable=False))


def downgrade():
    op.drop_column("unit_year", "waiting")
