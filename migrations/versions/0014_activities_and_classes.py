"""Activities with plans, doors and themes; academies with classes, seats, certificates and entry lists.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPEND_ONLY = ("check_in", "event_amendment", "enrolment_step")
KEYS = {
    "check_in": ["o.event_id = NEW.event_id AND o.record_id = NEW.record_id"],
    "event_amendment": [],
    "enrolment_step": [],
}
TABLES = (
    "activity_row",
    "calendar_feed",
    "certificate_style",
    "class_template",
    "event_series",
    "theme",
    "venue",
    "guest",
    "learning_point",
    "teacher",
    "training_class",
    "class_import",
    "class_quota",
    "evaluation",
    "check_in",
    "class_enrolment",
    "class_import_row",
    "class_session",
    "event_amendment",
    "event_host",
    "certificate",
    "class_leave",
    "enrolment_step",
    "entry_list",
    "evaluation_done",
    "entry_person",
)


def upgrade():
    tables()
    attendance()
    events()
    for table in APPEND_ONLY:
        guard(table)
    seats()


def no_replace(table, keys):
    """On SQLite: REPLACE fires no trigger of DELETE."""
    same = " OR ".join(["o.id = NEW.id", *keys])
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} BEGIN "
        f"SELECT RAISE(ABORT, 'events: {table} is append-only') WHERE EXISTS "
        f"(SELECT 1 FROM {table} o WHERE {same}); END"
    )


def guard(table):
    """Neither UPDATE nor DELETE."""
    lite = op.get_bind().dialect.name == "sqlite"
    for verb in ("UPDATE", "DELETE"):
        name, said = f"{table}_no_{verb.lower()}", f"events: {table} is append-only"
        if lite:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{said}'); END"
            )
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $pb$ BEGIN\n"
            f"RAISE EXCEPTION '{said}' USING ERRCODE = 'integrity_constraint_violation';\nEND $pb$"
        )
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
    if lite:
        no_replace(table, KEYS[table])


GIVE = (
    "UPDATE training_class SET taken = taken - 1 WHERE id = OLD.class_id; "
    "UPDATE class_quota SET taken = taken - 1 WHERE id = OLD.quota_id;"
)
TAKE = (
    "UPDATE training_class SET taken = taken + 1 WHERE id = NEW.class_id; "
    "UPDATE class_quota SET taken = taken + 1 WHERE id = NEW.quota_id;"
)


def seats():
    """Seats are counted where they are taken; the CHECKs of class and quota refuse one too many."""
    if op.get_bind().dialect.name == "sqlite":
        change = GIVE.replace("- 1", "- OLD.seat") + " " + TAKE.replace("+ 1", "+ NEW.seat")
        for name, event, held, work in (
            ("take", "INSERT", "NEW.seat", TAKE),
            ("give", "DELETE", "OLD.seat", GIVE),
            ("move", "UPDATE OF seat, class_id, quota_id", "OLD.seat OR NEW.seat", change),
        ):
            op.execute(
                f"CREATE TRIGGER class_enrolment_{name} AFTER {event} ON class_enrolment "
                f"WHEN {held} BEGIN {work} END"
            )
        return
    op.execute(
        "CREATE FUNCTION class_enrolment_seats() RETURNS trigger LANGUAGE plpgsql AS $pb$ BEGIN\n"
        "IF TG_OP = 'UPDATE' AND (OLD.seat, OLD.class_id, OLD.quota_id) IS NOT DISTINCT FROM "
        "(NEW.seat, NEW.class_id, NEW.quota_id) THEN RETURN NULL; END IF;\n"
        f"IF TG_OP <> 'INSERT' AND OLD.seat THEN {GIVE} END IF;\n"
        f"IF TG_OP <> 'DELETE' AND NEW.seat THEN {TAKE} END IF;\n"
        "RETURN NULL;\nEND $pb$"
    )
    op.execute(
        "CREATE TRIGGER class_enrolment_seats AFTER INSERT OR UPDATE OR DELETE ON class_enrolment "
        "FOR EACH ROW EXECUTE FUNCTION class_enrolment_seats()"
    )


def attendance():
    with op.batch_alter_table("attendance") as batch:
        batch.add_column(sa.Column("guest_id", ID))
        for name, length in (("status", 8), ("how", 8), ("reason", 300)):
            batch.add_column(sa.Column(name, sa.String(length=length), server_default="", nullable=False))
        batch.add_column(sa.Column("came_at", sa.DateTime()))
        batch.add_column(sa.Column("left_at", sa.DateTime()))
        batch.add_column(sa.Column("minutes", sa.Integer()))
        batch.alter_column("member_id", existing_type=ID, nullable=True)
        batch.create_index("uq_attendance_guest", ["event_id", "guest_id"], unique=True)
        batch.create_foreign_key(op.f("fk_attendance_guest_id_guest"), "guest", ["guest_id"], ["id"])
        batch.create_check_constraint(
            op.f("ck_attendance_one_person"), "(member_id IS NULL) <> (guest_id IS NULL)"
        )
    op.add_column(
        "event_photo", sa.Column("kind", sa.String(length=8), server_default="photo", nullable=False)
    )


def events():
    with op.batch_alter_table("event") as batch:
        for name, kind, default in (
            ("state", sa.String(length=10), "held"),
            ("channel", sa.String(length=8), "onsite"),
            ("form", sa.String(length=8), ""),
            ("agenda", sa.Text(), ""),
            ("notes", sa.Text(), ""),
            ("speaker", sa.String(length=60), ""),
            ("late_after", sa.Integer(), "15"),
            ("checks_out", sa.Boolean(), sa.false()),
        ):
            batch.add_column(sa.Column(name, kind, server_default=default, nullable=False))
        for name in ("theme_id", "series_id", "point_id"):
            batch.add_column(sa.Column(name, ID))
        for name in ("door_opened_at", "door_closed_at"):
            batch.add_column(sa.Column(name, sa.DateTime()))
        batch.create_index(op.f("ix_event_day_state"), ["day", "state"])
        batch.create_index(op.f("ix_event_series_id_day"), ["series_id", "day"])
        batch.create_index(op.f("ix_event_theme_id_unit_id"), ["theme_id", "unit_id"])
        for column, table in (
            ("theme_id", "theme"),
            ("series_id", "event_series"),
            ("point_id", "learning_point"),
        ):
            batch.create_foreign_key(op.f(f"fk_event_{column}_{table}"), table, [column], ["id"])
        batch.create_check_constraint(op.f("ck_event_state"), "state IN ('planned', 'held', 'cancelled')")


def tables():
    op.create_table(
        "activity_row",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("activity", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=30), nullable=False),
        sa.Column("per_year", sa.Integer(), nullable=True),
        sa.Column("steps", sa.JSON(), nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("changed_by_id", ID, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["account.id"], name=op.f("fk_activity_row_changed_by_id_account")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_activity_row_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_row")),
    )
    op.create_index("uq_activity_row_key", "activity_row", ["unit_id", "activity"], unique=True)

    op.create_table(
        "calendar_feed",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_calendar_feed_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("account_id", name=op.f("uq_calendar_feed_account_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_feed_token_hash")),
    )
    op.create_table(
        "certificate_style",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("body", sa.String(length=500), nullable=False),
        sa.Column("signer", sa.String(length=60), nullable=False),
        sa.Column("signature", sa.String(length=64), nullable=True),
        sa.Column("series", sa.String(length=20), nullable=False),
        sa.Column("valid_years", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_certificate_style_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_style")),
        sa.UniqueConstraint("unit_id", name=op.f("uq_certificate_style_unit_id")),
    )
    op.create_table(
        "class_template",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("theme", sa.String(length=100), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("season", sa.String(length=12), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("audience", sa.String(length=12), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_mn", sa.Text(), nullable=False),
        sa.Column("sessions", sa.JSON(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_class_template_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_template")),
    )
    op.create_index(op.f("ix_class_template_unit_id_id"), "class_template", ["unit_id", "id"])

    op.create_table(
        "event_series",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("activity", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("every", sa.String(length=12), nullable=False),
        sa.Column("time", sa.String(length=5), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("made_by_id", ID, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["account.id"], name=op.f("fk_event_series_made_by_id_account")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_event_series_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_series")),
    )
    op.create_index(op.f("ix_event_series_unit_id_id"), "event_series", ["unit_id", "id"])

    op.create_table(
        "theme",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("activity", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("made_by_id", ID, nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["made_by_id"], ["account.id"], name=op.f("fk_theme_made_by_id_account")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_theme_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme")),
    )
    op.create_index(op.f("ix_theme_unit_id_due_on_id"), "theme", ["unit_id", "due_on", "id"])

    op.create_table(
        "venue",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("opens", sa.String(length=5), nullable=False),
        sa.Column("closes", sa.String(length=5), nullable=False),
        sa.Column("closed_on", sa.String(length=13), nullable=False),
        sa.Column("list_days", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_venue_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_venue")),
    )
    op.create_index(op.f("ix_venue_unit_id_kind_id"), "venue", ["unit_id", "kind", "id"])

    op.create_table(
        "guest",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("pinyin", sa.String(length=200), nullable=False),
        sa.Column("organisation", sa.String(length=100), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("made_by_id", ID, nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["made_by_id"], ["account.id"], name=op.f("fk_guest_made_by_id_account")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_guest_member_id_member")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_guest_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest")),
    )
    op.create_index(op.f("ix_guest_member_id"), "guest", ["member_id"])
    op.create_index(op.f("ix_guest_unit_id_pinyin_id"), "guest", ["unit_id", "pinyin", "id"])

    op.create_table(
        "learning_point",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("host_id", ID, nullable=True),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["host_id"], ["member.id"], name=op.f("fk_learning_point_host_id_member")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_learning_point_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_point")),
    )
    op.create_index(op.f("ix_learning_point_unit_id_id"), "learning_point", ["unit_id", "id"])

    op.create_table(
        "teacher",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("pinyin", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("organisation", sa.String(length=100), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("topics", sa.String(length=300), nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_teacher_member_id_member")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_teacher_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teacher")),
    )
    op.create_index(op.f("ix_teacher_unit_id_pinyin_id"), "teacher", ["unit_id", "pinyin", "id"])

    op.create_table(
        "training_class",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("template_id", ID, nullable=True),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("audience", sa.String(length=12), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_mn", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("contact", sa.String(length=100), nullable=False),
        sa.Column("enrol_until", sa.Date(), nullable=True),
        sa.Column("answer_days", sa.Integer(), nullable=False),
        sa.Column("party_branch", sa.String(length=100), nullable=False),
        sa.Column("branch_leader", sa.String(length=60), nullable=False),
        sa.Column("activity", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("quiz_id", ID, nullable=True),
        sa.Column("evaluated", sa.Boolean(), nullable=False),
        sa.Column("form_id", sa.String(length=36), nullable=False),
        sa.Column("made_by_id", ID, nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_training_class_dates")),
        sa.CheckConstraint("taken BETWEEN 0 AND capacity", name=op.f("ck_training_class_seats")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["account.id"], name=op.f("fk_training_class_made_by_id_account")
        ),
        sa.ForeignKeyConstraint(["quiz_id"], ["quiz.id"], name=op.f("fk_training_class_quiz_id_quiz")),
        sa.ForeignKeyConstraint(
            ["template_id"], ["class_template.id"], name=op.f("fk_training_class_template_id_class_template")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_training_class_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_class")),
        sa.UniqueConstraint("form_id", name=op.f("uq_training_class_form_id")),
    )
    op.create_index(op.f("ix_training_class_state_starts_on"), "training_class", ["state", "starts_on"])
    op.create_index(
        op.f("ix_training_class_unit_id_starts_on_id"), "training_class", ["unit_id", "starts_on", "id"]
    )
    op.create_index("uq_training_class_number", "training_class", ["unit_id", "year", "number"], unique=True)

    op.create_table(
        "class_import",
        sa.Column("id", ID, nullable=False),
        sa.Column("class_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("file_id", ID, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("made_by_id", ID, nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_id"], ["training_class.id"], name=op.f("fk_class_import_class_id_training_class")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_class_import_file_id_stored_file")
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["account.id"], name=op.f("fk_class_import_made_by_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_import")),
    )
    op.create_index(op.f("ix_class_import_class_id_id"), "class_import", ["class_id", "id"])

    op.create_table(
        "class_quota",
        sa.Column("id", ID, nullable=False),
        sa.Column("class_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=True),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("taken BETWEEN 0 AND seats", name=op.f("ck_class_quota_seats")),
        sa.ForeignKeyConstraint(
            ["class_id"], ["training_class.id"], name=op.f("fk_class_quota_class_id_training_class")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_class_quota_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_quota")),
    )
    op.create_index("uq_class_quota_unit", "class_quota", ["class_id", "unit_id"], unique=True)

    op.create_table(
        "evaluation",
        sa.Column("id", ID, nullable=False),
        sa.Column("class_id", ID, nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("comment", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_id"], ["training_class.id"], name=op.f("fk_evaluation_class_id_training_class")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation")),
    )
    op.create_index(op.f("ix_evaluation_class_id_id"), "evaluation", ["class_id", "id"])

    op.create_table(
        "check_in",
        sa.Column("id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("record_id", sa.String(length=36), nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("guest_id", ID, nullable=True),
        sa.Column("act", sa.String(length=8), nullable=False),
        sa.Column("how", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=True),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("flag", sa.String(length=12), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_check_in_by_id_account")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_check_in_event_id_event")),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name=op.f("fk_check_in_guest_id_guest")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_check_in_member_id_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_in")),
    )
    op.create_index(op.f("ix_check_in_event_id_device"), "check_in", ["event_id", "device"])
    op.create_index(op.f("ix_check_in_member_id"), "check_in", ["member_id"])
    op.create_index("uq_check_in_record", "check_in", ["event_id", "record_id"], unique=True)

    op.create_table(
        "class_enrolment",
        sa.Column("id", ID, nullable=False),
        sa.Column("class_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("guest_id", ID, nullable=True),
        sa.Column("unit_id", ID, nullable=True),
        sa.Column("quota_id", ID, nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("seat", sa.Boolean(), nullable=False),
        sa.Column("waits_since", sa.DateTime(), nullable=True),
        sa.Column("answer_until", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("made_by_id", ID, nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "seat = (state IN ('offered', 'enrolled', 'completed', 'no_show'))",
            name=op.f("ck_class_enrolment_seat"),
        ),
        sa.CheckConstraint(
            "(member_id IS NULL) <> (guest_id IS NULL)", name=op.f("ck_class_enrolment_one_person")
        ),
        sa.ForeignKeyConstraint(
            ["class_id"], ["training_class.id"], name=op.f("fk_class_enrolment_class_id_training_class")
        ),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name=op.f("fk_class_enrolment_guest_id_guest")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["account.id"], name=op.f("fk_class_enrolment_made_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_class_enrolment_member_id_member")
        ),
        sa.ForeignKeyConstraint(
            ["quota_id"], ["class_quota.id"], name=op.f("fk_class_enrolment_quota_id_class_quota")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_class_enrolment_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_enrolment")),
    )
    op.create_index(
        op.f("ix_class_enrolment_class_id_state_waits_since_id"),
        "class_enrolment",
        ["class_id", "state", "waits_since", "id"],
    )
    op.create_index(op.f("ix_class_enrolment_member_id_id"), "class_enrolment", ["member_id", "id"])
    op.create_index(
        op.f("ix_class_enrolment_state_answer_until"), "class_enrolment", ["state", "answer_until"]
    )
    op.create_index(op.f("ix_class_enrolment_unit_id"), "class_enrolment", ["unit_id"])
    op.create_index("uq_class_enrolment_guest", "class_enrolment", ["class_id", "guest_id"], unique=True)
    op.create_index("uq_class_enrolment_member", "class_enrolment", ["class_id", "member_id"], unique=True)

    op.create_table(
        "class_import_row",
        sa.Column("id", ID, nullable=False),
        sa.Column("import_id", ID, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("errors", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["class_import.id"], name=op.f("fk_class_import_row_import_id_class_import")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_class_import_row_member_id_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_import_row")),
    )
    op.create_index("uq_class_import_row", "class_import_row", ["import_id", "line"], unique=True)

    op.create_table(
        "class_session",
        sa.Column("id", ID, nullable=False),
        sa.Column("class_id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("teacher_id", ID, nullable=True),
        sa.Column("venue_id", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["class_id"], ["training_class.id"], name=op.f("fk_class_session_class_id_training_class")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_class_session_event_id_event")),
        sa.ForeignKeyConstraint(
            ["teacher_id"], ["teacher.id"], name=op.f("fk_class_session_teacher_id_teacher")
        ),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.id"], name=op.f("fk_class_session_venue_id_venue")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_session")),
        sa.UniqueConstraint("event_id", name=op.f("uq_class_session_event_id")),
    )
    op.create_index(op.f("ix_class_session_class_id_id"), "class_session", ["class_id", "id"])
    op.create_index(op.f("ix_class_session_teacher_id"), "class_session", ["teacher_id"])
    op.create_index(op.f("ix_class_session_venue_id"), "class_session", ["venue_id"])

    op.create_table(
        "event_amendment",
        sa.Column("id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("field", sa.String(length=20), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_event_amendment_by_id_account")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_event_amendment_event_id_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_amendment")),
    )
    op.create_index(op.f("ix_event_amendment_event_id_id"), "event_amendment", ["event_id", "id"])

    op.create_table(
        "event_host",
        sa.Column("id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_event_host_event_id_event")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_event_host_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_host")),
    )
    op.create_index(op.f("ix_event_host_unit_id"), "event_host", ["unit_id"])
    op.create_index("uq_event_host_unit", "event_host", ["event_id", "unit_id"], unique=True)

    op.create_table(
        "certificate",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("class_id", ID, nullable=False),
        sa.Column("enrolment_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("guest_id", ID, nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_by_id", ID, nullable=True),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_by_id", ID, nullable=True),
        sa.Column("revoked_why", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_id"], ["training_class.id"], name=op.f("fk_certificate_class_id_training_class")
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["class_enrolment.id"], name=op.f("fk_certificate_enrolment_id_class_enrolment")
        ),
        sa.ForeignKeyConstraint(["guest_id"], ["guest.id"], name=op.f("fk_certificate_guest_id_guest")),
        sa.ForeignKeyConstraint(
            ["issued_by_id"], ["account.id"], name=op.f("fk_certificate_issued_by_id_account")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_certificate_member_id_member")),
        sa.ForeignKeyConstraint(
            ["revoked_by_id"], ["account.id"], name=op.f("fk_certificate_revoked_by_id_account")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_certificate_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("code", name=op.f("uq_certificate_code")),
    )
    op.create_index(op.f("ix_certificate_class_id_id"), "certificate", ["class_id", "id"])
    op.create_index(op.f("ix_certificate_member_id_id"), "certificate", ["member_id", "id"])
    op.create_index("uq_certificate_number", "certificate", ["unit_id", "number"], unique=True)
    op.create_index(
        "uq_certificate_standing",
        "certificate",
        ["enrolment_id"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )

    op.create_table(
        "class_leave",
        sa.Column("id", ID, nullable=False),
        sa.Column("enrolment_id", ID, nullable=False),
        sa.Column("session_id", ID, nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_class_leave_by_id_account")),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["class_enrolment.id"], name=op.f("fk_class_leave_enrolment_id_class_enrolment")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["class_session.id"], name=op.f("fk_class_leave_session_id_class_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_leave")),
    )
    op.create_index("uq_class_leave_session", "class_leave", ["enrolment_id", "session_id"], unique=True)

    op.create_table(
        "enrolment_step",
        sa.Column("id", ID, nullable=False),
        sa.Column("enrolment_id", ID, nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_enrolment_step_by_id_account")),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["class_enrolment.id"],
            name=op.f("fk_enrolment_step_enrolment_id_class_enrolment"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_step")),
    )
    op.create_index(op.f("ix_enrolment_step_enrolment_id_id"), "enrolment_step", ["enrolment_id", "id"])

    op.create_table(
        "entry_list",
        sa.Column("id", ID, nullable=False),
        sa.Column("session_id", ID, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("purge_on", sa.Date(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("sent_by_id", ID, nullable=True),
        sa.Column("purged_at", sa.DateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sent_by_id"], ["account.id"], name=op.f("fk_entry_list_sent_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["class_session.id"], name=op.f("fk_entry_list_session_id_class_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_list")),
        sa.UniqueConstraint("session_id", name=op.f("uq_entry_list_session_id")),
    )
    op.create_index(op.f("ix_entry_list_purge_on_purged_at"), "entry_list", ["purge_on", "purged_at"])

    op.create_table(
        "evaluation_done",
        sa.Column("id", ID, nullable=False),
        sa.Column("enrolment_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["class_enrolment.id"],
            name=op.f("fk_evaluation_done_enrolment_id_class_enrolment"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_done")),
    )
    op.create_index("uq_evaluation_done_enrolment", "evaluation_done", ["enrolment_id"], unique=True)

    op.create_table(
        "entry_person",
        sa.Column("id", ID, nullable=False),
        sa.Column("list_id", ID, nullable=False),
        sa.Column("enrolment_id", ID, nullable=False),
        sa.Column("sealed", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["class_enrolment.id"],
            name=op.f("fk_entry_person_enrolment_id_class_enrolment"),
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["entry_list.id"], name=op.f("fk_entry_person_list_id_entry_list")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_person")),
    )
    op.create_index("uq_entry_person", "entry_person", ["list_id", "enrolment_id"], unique=True)


def downgrade():
    lite = op.get_bind().dialect.name == "sqlite"
    if not lite:
        op.execute("DROP FUNCTION class_enrolment_seats() CASCADE")
        for table in APPEND_ONLY:
            for verb in ("update", "delete"):
                op.execute(f"DROP FUNCTION {table}_no_{verb}() CASCADE")
    op.drop_column("event_photo", "kind")
    with op.batch_alter_table("event") as batch:
        batch.drop_constraint(op.f("ck_event_state"), type_="check")
        for column, table in (
            ("theme_id", "theme"),
            ("series_id", "event_series"),
            ("point_id", "learning_point"),
        ):
            batch.drop_constraint(op.f(f"fk_event_{column}_{table}"), type_="foreignkey")
        for name in ("day_state", "series_id_day", "theme_id_unit_id"):
            batch.drop_index(op.f(f"ix_event_{name}"))
        for name in (
            "state", "channel", "form", "agenda", "notes", "speaker", "late_after", "checks_out",
            "theme_id", "series_id", "point_id", "door_opened_at", "door_closed_at",
        ):  # fmt: skip
            batch.drop_column(name)
    op.execute("DELETE FROM attendance WHERE member_id IS NULL")
    with op.batch_alter_table("attendance") as batch:
        batch.drop_constraint(op.f("ck_attendance_one_person"), type_="check")
        batch.drop_constraint(op.f("fk_attendance_guest_id_guest"), type_="foreignkey")
        batch.drop_index("uq_attendance_guest")
        batch.alter_column("member_id", existing_type=ID, nullable=False)
        for name in ("guest_id", "status", "how", "reason", "came_at", "left_at", "minutes"):
            batch.drop_column(name)
    for table in reversed(TABLES):
        op.drop_table(table)
