"""The frame and the macros: strict, escaping, inside the content security policy, and small."""

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    FileField,
    Form,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from pbtrain.core import formatting, templating
from pbtrain.core.forms import BaseForm

ROOT = Path(__file__).parents[1]
TEMPLATES = sorted(ROOT.glob("pbtrain/**/templates/**/*.html"))
DIST = ROOT / "pbtrain/static/dist"
HOSTILE = "<script>alert(1)</script>\" onload='x' {{ 7*7 }}"


@pytest.fixture(scope="module")
def ui():
    """The macros as a page gets them, without an application."""
    env = Environment(
        loader=FileSystemLoader(ROOT / "pbtrain/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.install_gettext_callables(lambda s: s, lambda one, many, n: one if n == 1 else many, newstyle=True)
    env.filters["hours"] = formatting.hours
    env.filters["whole_hours"] = formatting.whole_hours
    env.globals.update(
        asset=lambda name: f"/static/{name}",
        draw_icon=lambda name, cls="": templating.ICON.format(f" {cls}" if cls else "", "/sprite.svg", name),
        csrf_token=lambda: "token",
        today=lambda: date(2026, 9, 18),
        get_flashed_messages=lambda **_: [("warn", HOSTILE)],
    )
    env.globals["shown"] = lambda source, **names: env.from_string(
        '{% import "macros/ui.html" as ui %}' + source
    ).render(h=HOSTILE, **names)
    return env.globals["shown"]


CALLS = [
    "{{ ui.tag('warn', h) }}{{ ui.tag('', h, icon='minus') }}",
    "{% call ui.note('bad') %}{{ h }}{% endcall %}{{ ui.messages() }}{{ ui.trouble() }}{{ ui.saved(h) }}",
    "{% call ui.heading(h, h) %}{{ h }}{% endcall %}{{ ui.crumb([(h, '/'), (h, none)], h) }}",
    "{{ ui.big(h, h, h) }}{{ ui.legend([('f-ok', h), (none, h)]) }}{{ ui.ring(40, h, h) }}",
    "{{ ui.split([(1, 'f-ok'), (2, 'url(#p-late)')], h) }}{{ ui.ruler(1, 2, 1, label=h) }}",
    "{% call ui.tiles(h) %}{{ ui.tile(h, h, h, '/?' ~ h, 'ok', true) }}{{ ui.tile(h, h) }}{% endcall %}",
    "{{ ui.sum([(h, h)], (h, h), h) }}{{ ui.facts([(h, h)]) }}{{ ui.steps([h, h], 2, h) }}",
    "{% call ui.card(h, 'h-a', h, aside=h) %}{{ h }}{% endcall %}",
    "{% call ui.items(h) %}{{ ui.item(h, h, '/?' ~ h, 'ok', h, h, h) }}{% endcall %}",
    "{{ ui.table([h, (h, 'n')], [[h, h]], h, total=[h, h], lines=true) }}",
    "{% call ui.rows([(ui.sort_link(h, 'k', 'k', '/?' ~ h), 'n', ui.sorted('k', 'k'))], h, foot=h) %}"
    "{{ ui.rowhead(h) }}{{ ui.cell(h, h) }}{% call ui.cell(h) %}{{ h }}{% endcall %}{% endcall %}",
    "{{ ui.empty('bell', h, ('/?' ~ h, h), h) }}{% call ui.fold(h) %}{{ h }}{% endcall %}",
    "{{ ui.chips([(h, '/?' ~ h, true, h), (h, '/', false)], h) }}{{ ui.submit(h, name=h, value=h) }}",
    "{{ ui.badge(h, 5) }}{{ ui.leave_or_send('/?' ~ h, h, h, leave=h) }}",
    "{{ ui.more('/?' ~ h, h) }}{{ ui.post('/?' ~ h, h, fields={h: h}) }}{{ ui.search_box('q', h, h) }}"
    "{{ ui.choice('a', h, h, key=h, hint=h) }}",
    "{{ ui.people('m', [(h, h, true), (h, h, false, h)], h, h) }}{{ ui.progress(1, 2, h) }}",
    "{{ ui.upload(h, 'done', h) }}{{ ui.upload(h, 'sending', h, 4) }}{{ ui.upload(h, 'refused', h) }}",
    "{{ ui.thumb('/?' ~ h, h, '/?' ~ h, seen=true) }}{{ ui.thumb('/', h, seen=false) }}",
]


@pytest.mark.parametrize("source", CALLS)
def test_hostile_text_stays_text(ui, source):
    """Everything a macro is handed comes out escaped, in text and in attributes."""
    page = ui(source)
    assert "&lt;script&gt;" in page
    assert "<script" not in page

    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.extend(name for name, _ in attrs)
    parser.feed(page)
    assert not [name for name in found if name.startswith("on")]


def test_every_macro_is_tried(ui):
    """A macro added without a call above fails here."""
    source = (ROOT / "pbtrain/templates/macros/ui.html").read_text()
    names = set(re.findall(r"{% macro ([a-z]\w*)\(", source))
    tried = set(re.findall(r"ui\.(\w+)\(", " ".join(CALLS))) - {"icon"}  # a function: draw_icon
    elsewhere = {
        "field",
        "form_errors",
        "months",
        "date",
        "bar",
        "pager",
        "dock",
        "csrf",
        "print_button",
        "say",
        "undone",
        "password",
    }
    without_text = {"mark", "patterns", "key", "thead"}
    assert names == tried | elsewhere | without_text


class Everything(Form):
    """One field of each kind."""

    title = StringField(HOSTILE, [InputRequired("Say what.")], description=HOSTILE)
    secret = PasswordField("Password", [Optional()])
    day = DateField("Day", [InputRequired("Choose a day.")])
    minutes = IntegerField("Minutes", [Optional()])
    kind = SelectField("Kind", choices=[SelectChoice("a", HOSTILE)])
    way = RadioField("Way", choices=[SelectChoice("a", HOSTILE)], validators=[InputRequired("Choose.")])
    several = SelectMultipleField(
        "Several",
        choices=[SelectChoice("a", HOSTILE)],
        widget=ListWidget(),
        option_widget=CheckboxInput(),
    )
    sure = BooleanField("Sure", [InputRequired("Tick it.")])
    words = TextAreaField("Words", [Optional()])
    photo = FileField("Photo")
    hidden = HiddenField("Hidden")


def test_fields_of_every_kind(ui):
    """Each control has its label, says that it is wrong, and points to the reason beside it."""
    form = Everything(MultiDict({"words": HOSTILE}))
    assert not form.validate()
    page = ui("{{ ui.form_errors(form) }}{% for f in form %}{{ ui.field(f) }}{% endfor %}", form=form)

    assert "<script" not in page
    for name in ("title", "secret", "day", "minutes", "kind", "words", "photo"):
        assert f'<label class="form-label" for="{name}">' in page
    title = re.search(r'<input[^>]*id="title"[^>]*>', page).group()
    assert 'aria-invalid="true"' in title
    assert 'aria-describedby="title-help title-error"' in title
    assert 'id="title-error"' in page
    assert 'id="title-help"' in page
    assert "aria-invalid" not in re.search(r'<input[^>]*id="secret"[^>]*>', page).group()
    assert re.search(r'<fieldset aria-describedby="way-error">\s*<legend[^>]*>Way</legend>', page)
    assert page.count('type="hidden"') == 1
    assert 'href="#day"' in page, "the summary leads to the field"


def test_a_right_form_has_no_errors(ui):
    form = Everything(MultiDict({"title": "x", "day": "2026-09-18", "kind": "a", "way": "a", "sure": "y"}))
    assert form.validate(), form.errors
    page = ui(
        "{{ ui.form_errors(form) }}{% for f in form %}{{ ui.field(f, autocomplete='off') }}{% endfor %}",
        form=form,
    )
    assert "aria-invalid" not in page
    assert "pb-err" not in page
    assert 'autocomplete="off"' in page


def marks(page: str) -> list[float]:
    """Where the ruler's months end, in percent."""
    return [float(x) for x in re.findall(r'class="s-tick" x1="([\d.]+)%"', page)]


def test_today_stands_in_its_month(ui):
    """32 hours until day 162, 56 from then on: on day 261 the line stands inside September."""
    page = ui("{{ ui.ruler(3100, 4550, 2940, 200, segments=[(0, 3200), (162, 5600)]) }}")
    today = float(re.search(r'class="s-today" x1="([\d.]+)%"', page).group(1))
    months = marks(page)
    assert len(months) == 11
    assert months[7] < today < months[8]
    assert months[10] - months[9] > 1.5 * (months[1] - months[0]), "months widen where the target grows"
    assert "29.4" in page


@pytest.mark.parametrize(
    ("done", "target", "pending", "filled"),
    [(0, 3200, 0, None), (0, 0, 0, None), (6400, 3200, 100, 100), (1600, 3200, 3200, 50)],
)
def test_the_ruler_never_leaves_its_track(ui, done, target, pending, filled):
    page = ui(f"{{{{ ui.ruler({done}, {target}, 800, {pending}) }}}}")
    red = re.search(r'class="f-red"[^>]*width="([\d.]+)%"', page)
    assert (red and float(red.group(1))) == filled
    waiting = re.search(r'fill="url\(#p-wait\)"[^>]*width="([\d.]+)%"', page)
    assert float(waiting.group(1) if waiting else 0) + (filled or 0) <= 100
    assert ("s-today" in page) == bool(target)


def test_a_part_of_zero_is_left_out(ui):
    page = ui("{{ ui.split([(3, 'f-ok'), (0, 'f-red'), (1, 'f-ok2')]) }}{{ ui.split([(0, 'f-warn')]) }}")
    assert "f-red" not in page
    assert "f-warn" not in page
    assert 'x="75.0%"' in page
    assert 'width="100%" height="14"' in ui("{{ ui.bar(5, 0) }}")


def test_small_pieces(ui):
    assert "Sep" in ui("{{ ui.date(day) }}", day=date(2026, 9, 25))
    assert "to sign" in ui("{{ ui.months([(8, 'due')]) }}")
    assert "pb-dock" in ui("{% call ui.dock() %}x{% endcall %}")
    assert "hidden" in ui("{{ ui.print_button() }}"), "shown by the script only"
    assert 'aria-sort="descending"' in ui("{{ ui.thead([('a', '', ui.sorted('k', '-k'))]) }}")

    class Page:
        prev_url, next_url, from_, to, total_text = None, "/?" + HOSTILE, 1, 9, HOSTILE

    page = ui("{{ ui.pager(page) }}", page=Page)
    assert 'rel="next"' in page
    assert 'rel="prev"' not in page
    assert "<script" not in page


INLINE = re.compile(
    r"""<style|\sstyle\s*=|<script(?![^>]*\ssrc=)|\shx-on|\son[a-z]+\s*=|javascript:|["']js:""", re.IGNORECASE
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "pbtrain")))
def test_nothing_inline(path):
    """The content security policy forbids inline styles, scripts and handlers; mails are no exception."""
    text = re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL)
    assert not INLINE.search(text), INLINE.search(text)


def test_every_icon_is_drawn():
    """A misspelt icon would be an empty square."""
    drawn = set(
        re.findall(
            r"""^  '?([\w-]+)'?: ?$|^  '?([\w-]+)'?: ?'""", (ROOT / "frontend/icons.js").read_text(), re.M
        )
    )
    drawn = {name for pair in drawn for name in pair if name}
    assert len(drawn) > 40
    wanted = {}
    for path in TEMPLATES:
        for name in re.findall(r"""(?:\b_?icon\(|\bicon=|\bempty\()\s*["']([\w-]+)["']""", path.read_text()):
            wanted.setdefault(name, path.name)
    assert "home" in wanted
    assert not {name: where for name, where in wanted.items() if name not in drawn}


def classes(source: str) -> set[str]:
    """The class names a template writes, also inside expressions; halves of computed names are left out."""
    source = re.sub(r"{#.*?#}", "", source, flags=re.DOTALL)
    found = " ".join(re.findall(r'\bcls="([^"]*)"', source))
    for value in re.findall(r'class="([^"]*)"', source):
        found += (
            " " + " ".join(re.findall(r"'([^']*)'", value)) + " " + re.sub(r"{{.*?}}|{%.*?%}", "\0", value)
        )
    return {
        name
        for name in found.split()
        if re.fullmatch(r"(pb|[mp][tbsexy]?|d|col|row|btn|fs|fw|text|form)-[\w-]*\w", name)
    }


def test_every_class_is_styled():
    """A class that the stylesheet does not know is a misspelling, or a utility the build leaves out."""
    manifest = json.loads((DIST / "manifest.json").read_text())
    style = "".join((DIST / manifest[name]["file"]).read_text() for name in ("app.css", "desk.css"))
    known = set(re.findall(r"\.(-?[_a-zA-Z][\w-]*)", style))
    unknown = {
        str(path.relative_to(ROOT)): sorted(missing)
        for path in TEMPLATES
        if (missing := classes(path.read_text()) - known)
    }
    assert not unknown


def test_the_lock_names_no_registry():
    """The lock works with any registry: it holds checksums, not addresses."""
    lock = (ROOT / "package-lock.json").read_text()
    assert '"resolved": "http' not in lock
    assert lock.count('"integrity"') > 20


def test_built_files_are_small_and_compressed():
    """Styles, scripts, icons and mark together weigh at most 60 kB, each its compressed twins beside it."""
    manifest = json.loads((DIST / "manifest.json").read_text())
    scripts = {"app.js", "live.js", "study.js", "work.js", "door.js", "scan.js", "decode.js"}
    assert set(manifest) == scripts | {"app.css", "desk.css", "sprite.svg", "favicon.svg"}
    total = 0
    for entry in manifest.values():
        file = DIST / entry["file"]
        assert re.search(r"-[\w-]{8}\.\w+$", file.name), "a hashed name may be cached for ever"
        total += min(Path(f"{file}.{kind}").stat().st_size for kind in ("br", "gz"))
    assert total < 60_000
    for name in ("app.js", "live.js"):
        assert not re.search(r"\beval\(", (DIST / manifest[name]["file"]).read_text())


def test_every_variable_is_defined():
    """Of Bootstrap's root only what is read is kept: all that is read must be there, or have a default."""
    manifest = json.loads((DIST / "manifest.json").read_text())
    style = "".join((DIST / manifest[name]["file"]).read_text() for name in ("app.css", "desk.css"))
    defined = set(re.findall(r"(--[\w-]+):", style))
    assert "--pb-red" in defined
    assert not set(re.findall(r"var\((--[\w-]+)\)", style)) - defined


def test_all_phones_are_styled_alike():
    """What fits at 320 px fits at 390: the walk through all pages looks at the narrower one."""
    styles = "".join(file.read_text() for file in DIST.glob("assets/*.css"))
    widths = [float(width) for width in re.findall(r"(?:min|max)-width: ?([\d.]+)px\)", styles)]
    assert min(widths) > 390


WANTED = [
    ("hx-", "set live = true"),
    (r"data-(autosave|heartbeat|countdown)=", "asset('study.js')"),
    (r"data-(upload|desk|timetable)\b", "asset('work.js')"),
]


@pytest.mark.parametrize(("mark", "script"), WANTED)
def test_a_page_loads_the_script_it_needs(mark, script):
    """A page with such an attribute, its own or of a part it includes, loads it; no other page does."""
    texts = {path: path.read_text() for path in TEMPLATES}
    parts = {path.name for path, text in texts.items() if re.search(mark, text) and path.name[0] == "_"}
    found = 0
    for path, text in texts.items():
        if path.name.startswith("_") or "macros" in path.parts or path.name == "base.html":
            continue
        wants = bool(re.search(mark, text)) or any(f"/{part}" in text for part in parts)
        assert wants == (script in text), path.name
        found += wants
    assert found


def test_a_leaf_of_the_calendar_names_another_year(ui):
    """Among meetings of all years, and classes of the next, a day alone would mislead."""
    assert "2025" in ui("{{ ui.date(day) }}", day=date(2025, 9, 18))
    assert "2026" not in ui("{{ ui.date(day) }}", day=date(2026, 1, 4))


def test_what_a_validator_says_is_in_our_words(app):
    """WTForms' own Chinese for a field left empty names a field and says nothing of what to do."""

    class One(BaseForm):
        title = StringField("Title", [InputRequired()])

    with app.test_request_context(method="POST"):
        form = One(meta={"csrf": False})
        assert not form.validate()
        assert form.title.errors == ["请填写这一项。"]
