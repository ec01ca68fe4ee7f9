"""How many branches below a unit have a secretary and committee who have all met the year.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("unit_year", sa.Column("led_branches", sa.Integer(), server_default="0", nullable=False))


def downgrade():
    op.drop_column("unit_year", "led_branches")
