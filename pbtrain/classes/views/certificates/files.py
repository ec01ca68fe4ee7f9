"""Bundles of a class, its file and its certificates one by one: asked for, watched, downloaded."""

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.classes import papers
from pbtrain.classes.views.certificates import bp
from pbtrain.classes.views.certificates.verify import address
from pbtrain.classes.views.common import managed_or_404
from pbtrain.core import storage
from pbtrain.core.db import transaction
from pbtrain.core.forms import BaseForm
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm

WHAT = f"<any({', '.join(papers.BUNDLES)}):what>"


@bp.route(f"/classes/<int:class_id>/{WHAT}", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def bundle(class_id: int, what: str) -> Any:
    """Ask for a bundle, see how far it is, take it."""
    row, form = managed_or_404(class_id), BaseForm()
    if form.validate_on_submit():
        with transaction():
            place = address("{code}").replace("%7Bcode%7D", "{code}")
            papers.ask(signed(), managed_or_404(class_id), what, place)
        return redirect(url_for(".bundle", class_id=class_id, what=what), 303)
    job = papers.latest(class_id, what)
    part = request.headers.get("HX-Request") == "true"
    name = "classes/_bundle.html" if part else "classes/bundle.html"
    return render_template(
        name, row=row, what=what, bundle=papers.BUNDLES[what], job=job, file=papers.file_of(job)
    )


@bp.get(f"/classes/<int:class_id>/{WHAT}/zip")
@needs(Perm.CLASS_MANAGE)
def bundle_zip(class_id: int, what: str) -> Response:
    """The newest that was made, while it is kept."""
    managed_or_404(class_id)
    return storage.serve(papers.file_of(papers.latest(class_id, what)) or abort(404))
