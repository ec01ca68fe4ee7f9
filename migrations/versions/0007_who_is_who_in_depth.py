"""Who is who, in depth: second factors, names and successions of units, academies, reports, yearly figures.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def big():
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "academy",
        sa.Column("id", big(), nullable=False),
        sa.Column("unit_id", big(), nullable=False),
        sa.Column("service_unit_id", big(), nullable=True),
        sa.Column("seal", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_unit_id"], ["unit.id"], name=op.f("fk_academy_service_unit_id_unit")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_academy_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_academy")),
        sa.UniqueConstraint("unit_id", name=op.f("uq_academy_unit_id")),
    )
    op.create_table(
        "factor_code",
        sa.Column("id", big(), nullable=False),
        sa.Column("account_id", big(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_factor_code_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factor_code")),
    )
    op.create_index("uq_factor_code", "factor_code", ["account_id", "code_hash"], unique=True)

    op.create_table(
        "known_device",
        sa.Column("id", big(), nullable=False),
        sa.Column("account_id", big(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=120), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_known_device_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_device")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_known_device_token_hash")),
    )
    op.create_index(op.f("ix_known_device_account_id_ends_at"), "known_device", ["account_id", "ends_at"])

    op.create_table(
        "password_link",
        sa.Column("id", big(), nullable=False),
        sa.Column("account_id", big(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_password_link_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_password_link_token_hash")),
    )
    op.create_index(op.f("ix_password_link_account_id_made_at"), "password_link", ["account_id", "made_at"])

    op.create_table(
        "second_factor",
        sa.Column("id", big(), nullable=False),
        sa.Column("account_id", big(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_second_factor_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_factor")),
        sa.UniqueConstraint("account_id", name=op.f("uq_second_factor_account_id")),
    )
    op.create_table(
        "unit_name",
        sa.Column("id", big(), nullable=False),
        sa.Column("unit_id", big(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_name_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_name")),
    )
    op.create_index(op.f("ix_unit_name_unit_id_valid_from"), "unit_name", ["unit_id", "valid_from"])

    op.create_table(
        "unit_succession",
        sa.Column("id", big(), nullable=False),
        sa.Column("from_id", big(), nullable=False),
        sa.Column("to_id", big(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("made_by_id", big(), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["from_id"], ["unit.id"], name=op.f("fk_unit_succession_from_id_unit")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["account.id"], name=op.f("fk_unit_succession_made_by_id_account")
        ),
        sa.ForeignKeyConstraint(["to_id"], ["unit.id"], name=op.f("fk_unit_succession_to_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_succession")),
    )
    op.create_index(op.f("ix_unit_succession_from_id"), "unit_succession", ["from_id"])
    op.create_index(op.f("ix_unit_succession_to_id"), "unit_succession", ["to_id"])

    op.create_table(
        "unit_year",
        sa.Column("id", big(), nullable=False),
        sa.Column("unit_id", big(), nullable=False),
        sa.Column("credit_year", sa.Integer(), nullable=False),
        sa.Column("branches", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("met", sa.Integer(), nullable=False),
        sa.Column("behind", sa.Integer(), nullable=False),
        sa.Column("on_care", sa.Integer(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("person_times", sa.Integer(), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_year_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_year")),
    )
    op.create_index("uq_unit_year", "unit_year", ["unit_id", "credit_year"], unique=True)

    op.create_table(
        "data_report",
        sa.Column("id", big(), nullable=False),
        sa.Column("member_id", big(), nullable=False),
        sa.Column("unit_id", big(), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("decided_by_id", big(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["account.id"], name=op.f("fk_data_report_decided_by_id_account")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_data_report_member_id_member")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_data_report_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_report")),
    )
    op.create_index(op.f("ix_data_report_member_id_id"), "data_report", ["member_id", "id"])
    op.create_index(op.f("ix_data_report_unit_id_state_id"), "data_report", ["unit_id", "state", "id"])

    # Plain ALTERs, no batch: on SQLite a batch would make the table anew under the rows that name it.
    op.add_column("login_session", sa.Column("factor_at", sa.DateTime(), nullable=True))
    op.add_column("login_session", sa.Column("proved_at", sa.DateTime(), nullable=True))
    op.add_column("member", sa.Column("flow", sa.String(length=3), nullable=False, server_default=""))
    op.add_column("member", sa.Column("flow_place", sa.String(length=100), nullable=False, server_default=""))
    op.add_column("member", sa.Column("erased_at", sa.DateTime(), nullable=True))
    op.add_column("roster_import", sa.Column("undone_at", sa.DateTime(), nullable=True))
    op.execute(
        "INSERT INTO unit_name (unit_id, name, valid_from, valid_until) SELECT id, name, valid_from, valid_until FROM unit"
    )


def downgrade():
    op.drop_column("roster_import", "undone_at")
    for name in ("erased_at", "flow_place", "flow"):
        op.drop_column("member", name)
    for name in ("proved_at", "factor_at"):
        op.drop_column("login_session", name)
    for table in (
        "data_report",
        "unit_year",
        "unit_succession",
        "unit_name",
        "second_factor",
        "password_link",
        "known_device",
        "factor_code",
        "academy",
    ):
        op.drop_table(table)
