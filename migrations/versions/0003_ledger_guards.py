"""The ledger guards itself: append-only, chained, sums that can only follow the lines. In both databases.

SQLite checks row by row; PostgreSQL checks a whole statement at once, which keeps a class of 500 linear.
Neither ever overwrites what the application sent: it is right or it is refused.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APPEND_ONLY = ("hour_entry", "policy")
NEVER_DELETED = ("book", "member_year")
PARTS = [f"{mode}_{proof.lower()}" for mode in ("group", "self") for proof in "ABCD"]
RAW = ["entries", "minutes", *PARTS]

# What is hashed of a line; integers and ASCII only, free text as its own SHA-256.
LINE = [
    "'1'", "{n}.prev", "{n}.book_id", "{n}.seq", "{n}.person", "{day}", "{n}.credit_year", "{n}.activity",
    "{n}.channel", "{n}.mode", "{n}.minutes", "{n}.credit", "{n}.policy_id", "{n}.proof", "{n}.source",
    "{reverses}", "{n}.posted_by", "{n}.posted_at", "{starts}", "{ends}", "{text}",
]  # fmt: skip

# A reversal is equal and opposite to one entry of the same member that is not itself a reversal.
MIRROR = """
  SELECT 1 FROM hour_entry o WHERE o.id = {n}.reverses_id AND o.reverses_id IS NULL
    AND o.member_id = {n}.member_id AND o.minutes = -{n}.minutes AND o.credit = -{n}.credit
    AND o.day = {n}.day AND o.credit_year = {n}.credit_year AND o.mode = {n}.mode
    AND o.proof = {n}.proof AND o.activity = {n}.activity"""


def part(column):
    """'group_a' -> the credit of a line of mode group and proof A, else 0."""
    mode, proof = column.split("_")
    return f"CASE WHEN mode = '{mode}' AND proof = '{proof.upper()}' THEN credit ELSE 0 END"


def sums():
    """The raw sums of a member's year, from its lines."""
    return ", ".join(
        ["count(*)", "coalesce(sum(minutes), 0)", *(f"coalesce(sum({part(p)}), 0)" for p in PARTS)]
    )


# --- SQLite -----------------------------------------------------------------------------------------


def sqlite_line():
    values = {
        "day": "{n}.day",
        "reverses": "coalesce({n}.reverses_id, '')",
        "starts": "coalesce({n}.starts_at, '')",
        "ends": "coalesce({n}.ends_at, '')",
        "text": "pb_sha256({n}.title || char(10) || {n}.note)",
    }
    return " || '|' || ".join(piece.format(n="{n}", **values) for piece in LINE).format(n="NEW")


def sqlite_triggers():
    refuse = "SELECT RAISE(ABORT, 'ledger: {}')"
    genesis = "pb_sha256('book|' || NEW.unit_id || '|' || NEW.year)"  # ties the first line to branch and year
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN {refuse.format(table + ' is append-only')}; END"
            )
    for table in NEVER_DELETED:
        yield (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN {refuse.format(table + ' is never deleted')}; END"
        )
    yield f"""CREATE TRIGGER hour_entry_checked BEFORE INSERT ON hour_entry BEGIN
{refuse.format("this line stands already")} WHERE EXISTS (
  SELECT 1 FROM hour_entry o WHERE o.id = NEW.id OR o.hash = NEW.hash OR o.source = NEW.source
    OR (o.book_id = NEW.book_id AND o.seq = NEW.seq)
    OR (NEW.reverses_id IS NOT NULL AND o.reverses_id = NEW.reverses_id));
{refuse.format("wrong id")} WHERE NEW.id IS NOT NEW.book_id * 16777216 + NEW.seq;
{refuse.format("the book is sealed, or the line is not its next")} WHERE NOT EXISTS (
  SELECT 1 FROM book b WHERE b.id = NEW.book_id AND b.sealed_at IS NULL AND NEW.seq = b.entries + 1
    AND NEW.prev = b.head AND NEW.credit_year <= b.year);
{refuse.format("wrong hash")} WHERE NEW.hash IS NOT pb_sha256({sqlite_line()});
{refuse.format("no row for this member and year")} WHERE NOT EXISTS (
  SELECT 1 FROM member_year y WHERE y.member_id = NEW.member_id AND y.credit_year = NEW.credit_year);
{refuse.format("a reversal mirrors one line of the same member")}
  WHERE NEW.reverses_id IS NOT NULL AND NOT EXISTS ({MIRROR.format(n="NEW")});
END"""
    increments = ", ".join(
        [
            "entries = entries + 1",
            "minutes = minutes + NEW.minutes",
            *(
                f"{p} = {p} + "
                + part(p)
                .replace("mode", "NEW.mode")
                .replace("proof", "NEW.proof")
                .replace("credit ", "NEW.credit ")
                for p in PARTS
            ),
        ]
    )
    yield f"""CREATE TRIGGER hour_entry_summed AFTER INSERT ON hour_entry BEGIN
UPDATE book SET entries = entries + 1, head = NEW.hash, minutes = minutes + NEW.minutes,
  person_times = person_times + CASE WHEN NEW.reverses_id IS NULL THEN 1 ELSE -1 END,
  credit = credit + CASE WHEN NEW.credit_year = year THEN NEW.credit ELSE 0 END,
  prior_credit = prior_credit + CASE WHEN NEW.credit_year = year THEN 0 ELSE NEW.credit END
  WHERE id = NEW.book_id;
UPDATE member_year SET {increments}
  WHERE member_id = NEW.member_id AND credit_year = NEW.credit_year;
END"""
    yield f"""CREATE TRIGGER book_begins_empty BEFORE INSERT ON book BEGIN
{refuse.format("this book exists")} WHERE EXISTS (
  SELECT 1 FROM book o WHERE o.id = NEW.id OR (o.unit_id = NEW.unit_id AND o.year = NEW.year));
{refuse.format("a book begins empty")} WHERE NEW.entries <> 0 OR NEW.person_times <> 0 OR NEW.minutes <> 0
  OR NEW.credit <> 0 OR NEW.prior_credit <> 0 OR NEW.head IS NOT {genesis} OR NEW.sealed_at IS NOT NULL
  OR NEW.seal IS NOT NULL;
END"""
    yield f"""CREATE TRIGGER book_follows_lines BEFORE UPDATE ON book BEGIN
{refuse.format("a book keeps its branch and year")}
  WHERE NEW.id <> OLD.id OR NEW.unit_id <> OLD.unit_id OR NEW.year <> OLD.year;
{refuse.format("a sealed book never changes")} WHERE OLD.sealed_at IS NOT NULL;
{refuse.format("a book equals its lines")} WHERE
  (NEW.entries, NEW.person_times, NEW.minutes, NEW.credit, NEW.prior_credit) IS NOT (
    SELECT OLD.entries + count(*), OLD.person_times + coalesce(sum(CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END), 0),
      OLD.minutes + coalesce(sum(minutes), 0),
      OLD.credit + coalesce(sum(CASE WHEN credit_year = OLD.year THEN credit ELSE 0 END), 0),
      OLD.prior_credit + coalesce(sum(CASE WHEN credit_year = OLD.year THEN 0 ELSE credit END), 0)
    FROM hour_entry WHERE book_id = OLD.id AND seq > OLD.entries)
  OR NEW.head IS NOT coalesce((SELECT hash FROM hour_entry WHERE book_id = OLD.id AND seq = NEW.entries), {genesis});
END"""
    yield f"""CREATE TRIGGER member_year_begins_empty BEFORE INSERT ON member_year BEGIN
{refuse.format("this year of the member exists")} WHERE EXISTS (
  SELECT 1 FROM member_year o WHERE o.id = NEW.id
    OR (o.member_id = NEW.member_id AND o.credit_year = NEW.credit_year));
{refuse.format("a year begins empty")} WHERE {" OR ".join(f"NEW.{c} <> 0" for c in RAW)};
END"""
    yield f"""CREATE TRIGGER member_year_follows_lines BEFORE UPDATE ON member_year BEGIN
{refuse.format("a year keeps its member")} WHERE NEW.id <> OLD.id OR NEW.member_id <> OLD.member_id
  OR NEW.credit_year <> OLD.credit_year;
{refuse.format("a year equals its lines")} WHERE
  ({", ".join(f"NEW.{c}" for c in RAW)}) IS NOT ({", ".join(f"OLD.{c}" for c in RAW)})
  AND ({", ".join(f"NEW.{c}" for c in RAW)}) IS NOT (
    SELECT {sums()} FROM hour_entry WHERE member_id = OLD.member_id AND credit_year = OLD.credit_year);
END"""


# --- PostgreSQL -------------------------------------------------------------------------------------


def postgresql_line():
    values = {
        "day": "to_char({n}.day, 'YYYY-MM-DD')",
        "reverses": "coalesce({n}.reverses_id::text, '')",
        "starts": "coalesce({n}.starts_at::text, '')",
        "ends": "coalesce({n}.ends_at::text, '')",
        "text": "encode(sha256(convert_to({n}.title || chr(10) || {n}.note, 'UTF8')), 'hex')",
    }
    return "concat_ws('|', " + ", ".join(p.format(n="{n}", **values) for p in LINE).format(n="n") + ")"


def postgresql_functions():
    """(function, body, trigger events, table, row or statement)"""
    refuse = "RAISE EXCEPTION 'ledger: {}' USING ERRCODE = '23000';"
    genesis = "encode(sha256(convert_to('book|' || NEW.unit_id || '|' || NEW.year, 'UTF8')), 'hex')"
    for table in APPEND_ONLY:
        body = refuse.format(table + " is append-only")
        yield f"{table}_no_update", body, "BEFORE UPDATE", table, "ROW"
        yield f"{table}_no_delete", body, "BEFORE DELETE OR TRUNCATE", table, "STATEMENT"
    for table in NEVER_DELETED:
        body = refuse.format(table + " is never deleted")
        yield f"{table}_no_delete", body, "BEFORE DELETE OR TRUNCATE", table, "STATEMENT"
    increments = ", ".join(f"{c} = y.{c} + d.{c}" for c in RAW)
    parts = ", ".join(f"sum({part(p)}) AS {p}" for p in PARTS)
    entry = f"""
IF NOT EXISTS (SELECT 1 FROM new_lines) THEN RETURN NULL; END IF;
PERFORM 1 FROM book WHERE id IN (SELECT book_id FROM new_lines) ORDER BY id FOR NO KEY UPDATE;
IF EXISTS (SELECT 1 FROM (
    SELECT n.id, n.book_id, n.seq, n.prev, n.credit_year, b.entries, b.head, b.sealed_at, b.year,
      row_number() OVER w AS k, lag(n.hash) OVER w AS before
    FROM new_lines n JOIN book b ON b.id = n.book_id WINDOW w AS (PARTITION BY n.book_id ORDER BY n.seq)) x
  WHERE x.seq <> x.entries + x.k OR x.prev <> coalesce(x.before, x.head) OR x.sealed_at IS NOT NULL
    OR x.id <> x.book_id::bigint * 16777216 + x.seq OR x.credit_year > x.year)
THEN {refuse.format("the book is sealed, or the line is not its next")} END IF;
IF EXISTS (SELECT 1 FROM new_lines n WHERE n.hash <> encode(sha256(convert_to({postgresql_line()}, 'UTF8')), 'hex'))
THEN {refuse.format("wrong hash")} END IF;
IF EXISTS (SELECT 1 FROM new_lines n WHERE n.reverses_id IS NOT NULL AND NOT EXISTS ({MIRROR.format(n="n")}))
THEN {refuse.format("a reversal mirrors one line of the same member")} END IF;
UPDATE book b SET entries = b.entries + d.k, person_times = b.person_times + d.people, minutes = b.minutes + d.minutes,
  credit = b.credit + d.credit, prior_credit = b.prior_credit + d.prior, head = d.head
FROM (SELECT n.book_id, count(*) AS k, sum(CASE WHEN n.reverses_id IS NULL THEN 1 ELSE -1 END) AS people,
    sum(n.minutes) AS minutes, sum(CASE WHEN n.credit_year = o.year THEN n.credit ELSE 0 END) AS credit,
    sum(CASE WHEN n.credit_year = o.year THEN 0 ELSE n.credit END) AS prior,
    (array_agg(n.hash ORDER BY n.seq DESC))[1] AS head
  FROM new_lines n JOIN book o ON o.id = n.book_id GROUP BY n.book_id) d
WHERE b.id = d.book_id;
UPDATE member_year y SET {increments}
FROM (SELECT member_id, credit_year, count(*) AS entries, sum(minutes) AS minutes, {parts}
  FROM new_lines GROUP BY member_id, credit_year) d
WHERE y.member_id = d.member_id AND y.credit_year = d.credit_year;
IF EXISTS (SELECT 1 FROM new_lines n WHERE NOT EXISTS (
    SELECT 1 FROM member_year y WHERE y.member_id = n.member_id AND y.credit_year = n.credit_year))
THEN {refuse.format("no row for this member and year")} END IF;
RETURN NULL;"""
    yield "hour_entry_chained", entry, "AFTER INSERT", "hour_entry", "STATEMENT"
    yield (
        "book_begins_empty",
        f"""IF NEW.entries <> 0 OR NEW.person_times <> 0 OR NEW.minutes <> 0 OR NEW.credit <> 0 OR NEW.prior_credit <> 0
  OR NEW.head <> {genesis} OR NEW.sealed_at IS NOT NULL OR NEW.seal IS NOT NULL
THEN {refuse.format("a book begins empty")} END IF;
RETURN NEW;""",
        "BEFORE INSERT",
        "book",
        "ROW",
    )
    yield (
        "book_follows_lines",
        f"""IF NEW.id <> OLD.id OR NEW.unit_id <> OLD.unit_id OR NEW.year <> OLD.year
THEN {refuse.format("a book keeps its branch and year")} END IF;
IF OLD.sealed_at IS NOT NULL THEN {refuse.format("a sealed book never changes")} END IF;
IF ((NEW.entries, NEW.person_times, NEW.minutes, NEW.credit, NEW.prior_credit) = (
    SELECT OLD.entries + count(*), OLD.person_times + coalesce(sum(CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END), 0),
      OLD.minutes + coalesce(sum(minutes), 0),
      OLD.credit + coalesce(sum(CASE WHEN credit_year = OLD.year THEN credit ELSE 0 END), 0),
      OLD.prior_credit + coalesce(sum(CASE WHEN credit_year = OLD.year THEN 0 ELSE credit END), 0)
    FROM hour_entry WHERE book_id = OLD.id AND seq > OLD.entries)) IS NOT TRUE
  OR NEW.head IS DISTINCT FROM
    coalesce((SELECT hash FROM hour_entry WHERE book_id = OLD.id AND seq = NEW.entries), {genesis})
THEN {refuse.format("a book equals its lines")} END IF;
RETURN NEW;""",
        "BEFORE UPDATE",
        "book",
        "ROW",
    )
    yield (
        "member_year_begins_empty",
        f"""IF {" OR ".join(f"NEW.{c} <> 0" for c in RAW)} THEN {refuse.format("a year begins empty")} END IF;
RETURN NEW;""",
        "BEFORE INSERT",
        "member_year",
        "ROW",
    )
    yield (
        "member_year_follows_lines",
        f"""IF NEW.id <> OLD.id OR NEW.member_id <> OLD.member_id OR NEW.credit_year <> OLD.credit_year
THEN {refuse.format("a year keeps its member")} END IF;
IF ({", ".join(f"NEW.{c}" for c in RAW)}) IS DISTINCT FROM ({", ".join(f"OLD.{c}" for c in RAW)})
  AND (({", ".join(f"NEW.{c}" for c in RAW)}) = (
    SELECT {sums()} FROM hour_entry WHERE member_id = OLD.member_id AND credit_year = OLD.credit_year)) IS NOT TRUE
THEN {refuse.format("a year equals its lines")} END IF;
RETURN NEW;""",
        "BEFORE UPDATE",
        "member_year",
        "ROW",
    )


def upgrade():
    if op.get_bind().dialect.name == "sqlite":
        for statement in sqlite_triggers():
            op.execute(statement)
        return
    for name, body, events, table, level in postgresql_functions():
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $pb$ BEGIN\n{body}\nEND $pb$"
        )
        transition = " REFERENCING NEW TABLE AS new_lines" if name == "hour_entry_chained" else ""
        op.execute(
            f"CREATE TRIGGER {name} {events} ON {table}{transition} FOR EACH {level} EXECUTE FUNCTION {name}()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        for statement in sqlite_triggers():
            op.execute("DROP TRIGGER " + statement.split()[2])
        return
    for name, _body, _events, table, _level in postgresql_functions():
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")
