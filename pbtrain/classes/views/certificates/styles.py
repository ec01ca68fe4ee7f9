"""What an academy's certificates look like: a form with the finished text beside it."""

from types import SimpleNamespace
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from pbtrain.classes import press
from pbtrain.classes.forms.certificates import StyleForm
from pbtrain.classes.models import CertificateStyle
from pbtrain.classes.queries import certificates as queries
from pbtrain.classes.rules import completion
from pbtrain.classes.services import certificates as services
from pbtrain.classes.views.certificates import bp
from pbtrain.classes.views.certificates.verify import address
from pbtrain.core import clock, images, storage
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.formatting import long_day
from pbtrain.core.headers import attach
from pbtrain.core.i18n import _
from pbtrain.core.storage import StoredFile
from pbtrain.org.access import needs, signed, units_where
from pbtrain.org.models import Unit
from pbtrain.org.roles import Perm


def academy_or_404(unit_id: int) -> Any:
    """(id, name) of an academy this person manages."""
    row = db.session.execute(
        select(Unit.id, Unit.name).where(
            Unit.id == unit_id, Unit.id.in_(units_where(signed(), Perm.CLASS_MANAGE))
        )
    ).first()
    return row or abort(404)


def example(academy: Any, title: str, body: str, signer: str, series: str, last: int) -> dict[str, Any]:
    """A certificate of nobody, as facts and number."""
    today = clock.today()
    facts = {
        "name": "示例姓名",
        "academy": academy.name,
        "class": "“示例专题班”",
        "term": "第1期",
        "from": long_day(today),
        "until": long_day(today),
        "hours": "12",
        "signer": signer,
    }
    return facts | {
        "title": title or completion.TITLE,
        "text": completion.filled(body or completion.BODY, facts),
        "number": completion.numbered(series, today.year, last + 1),
        "day": long_day(today),
    }


def _shown(academy: Any, form: StyleForm, row: CertificateStyle | None) -> dict[str, Any]:
    fields = ("title", "body", "signer", "series")
    return example(academy, *(form[name].data or "" for name in fields), row.last if row else 0)


@bp.route("/academies/<int:unit_id>/certificate", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def style(unit_id: int) -> Response:
    """Say what the certificates look like; those given already stay."""
    academy, row = academy_or_404(unit_id), queries.style_of(unit_id)
    form = StyleForm(obj=row)
    if not form.is_submitted() and row is None:
        form.title.data, form.body.data, form.series.data = (
            completion.TITLE,
            completion.BODY,
            completion.SERIES,
        )
        form.valid_years.data = 0
    if form.validate_on_submit():
        try:
            sent = request.files.get("signature")
            picture = images.redraw(sent.read(), field="signature") if sent and sent.filename else None
            with transaction():
                services.save_style(
                    signed(), unit_id, version=form.made_from, values=form.values(),
                    signature=(picture, sent.filename or "") if sent and picture else None,
                    without_signature=bool(form.unsigned.data),
                )  # fmt: skip
        except RuleError as error:
            form.blame(error)
        else:
            flash(_("Saved. Certificates given already stay as they are."), "ok")
            return redirect(url_for(".style", unit_id=unit_id), 303)
    row = queries.style_of(unit_id)
    if form.conflict and row is not None:
        form.version.data = str(row.version)  # what now stands is shown beside; sending again replaces it
    body = render_template(
        "classes/certificate_style.html",
        form=form,
        academy=academy,
        row=row,
        seal=queries.seal_of(unit_id),
        example=_shown(academy, form, row),
    )
    return make_response(body, 409 if form.conflict else 422 if form.errors else 200)


@bp.post("/academies/<int:unit_id>/certificate/example")
@needs(Perm.CLASS_MANAGE)
def style_example(unit_id: int) -> str:
    """The text as it would be, while the form is being written; nothing is kept."""
    academy, form = academy_or_404(unit_id), StyleForm()
    return render_template(
        "classes/_certificate_example.html", example=_shown(academy, form, queries.style_of(unit_id))
    )


@bp.get("/academies/<int:unit_id>/certificate.pdf")
@needs(Perm.CLASS_MANAGE)
def style_pdf(unit_id: int) -> Response:
    """The same on paper, with seal and signature, for nobody and of no use."""
    academy, row = academy_or_404(unit_id), queries.style_of(unit_id)
    if row is None:
        abort(404)
    facts = example(academy, row.title, row.body, row.signer, row.series, row.last)
    facts |= {"seal": queries.seal_of(unit_id), "signature": row.signature or ""}
    until = completion.valid_until(clock.today(), row.valid_years)
    number, code = f"{facts['number']} 示例", "0" * 22
    paper = SimpleNamespace(facts=facts, number=number, code=code, valid_until=until, issued_on=clock.today())
    db.session.rollback()
    return pdf(press.drawn([paper], address), _("Example of a certificate"))


@bp.get("/academies/<int:unit_id>/certificate/<picture>.jpg")
@needs(Perm.CLASS_MANAGE)
def style_picture(unit_id: int, picture: str) -> Response:
    """The picture of the seal, or of the signature."""
    academy_or_404(unit_id)
    row = queries.style_of(unit_id)
    sha256 = {"seal": queries.seal_of(unit_id), "signature": row.signature if row else ""}.get(picture)
    file = db.session.scalars(
        select(StoredFile).where(StoredFile.sha256 == (sha256 or "")).order_by(StoredFile.id).limit(1)
    ).first()
    if file is None or not storage.path_of(file.sha256).exists():
        abort(404)
    return storage.serve(file)


def pdf(content: bytes, name: str) -> Response:
    """The PDF as a download."""
    response = make_response(content)
    response.mimetype = "application/pdf"
    attach(response, name, "pdf")
    return response
