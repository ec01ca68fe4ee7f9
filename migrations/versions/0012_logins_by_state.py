"""Logins that wait for their first password, and closed ones, in the order of their lists.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATES = {
    "ix_account_asleep": "activated_at IS NULL AND disabled_at IS NULL",
    "ix_account_disabled": "disabled_at IS NOT NULL",
}


def upgrade():
    for name, state in STATES.items():
        op.create_index(
            name, "account", ["username", "id"], sqlite_where=sa.text(state), postgresql_where=sa.text(state)
        )


def downgrade():
    for name in STATES:
        op.drop_index(name, table_name="account")
