"""How many people took part and how many branches have not signed, kept beside a unit's other figures.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
COLUMNS = ("took_part", "unsigned", "overdue")


def upgrade():
    for name in COLUMNS:
        op.add_column("unit_year", sa.Column(name, sa.Integer(), server_default="0", nullable=False))


def downgrade():
    for name in COLUMNS:
        op.drop_column("unit_year", name)
