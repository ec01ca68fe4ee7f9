"""The file of a class: asked for with one click, watched while it is made, downloaded."""

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


@bp.route("/classes/<int:class_id>/file", methods=["GET", "POST"])
@needs(Perm.CLASS_MANAGE)
def class_file(class_id: int) -> Any:
    """Ask for the file, see how far it is, take it."""
    row, form = managed_or_404(class_id), BaseForm()
    if form.validate_on_submit():
        with transaction():
            papers.ask(signed(), managed_or_404(class_id), address("{code}").replace("%7Bcode%7D", "{code}"))
        return redirect(url_for(".class_file", class_id=class_id), 303)
    job = papers.latest(class_id)
    part = request.headers.get("HX-Request") == "true"
    name = "classes/_class_file.html" if part else "classes/class_file.html"
    return render_template(name, row=row, job=job, file=papers.file_of(job))


@bp.get("/classes/<int:class_id>/file/zip")
@needs(Perm.CLASS_MANAGE)
def class_zip(class_id: int) -> Response:
    """The newest file that was made, while it is kept."""
    managed_or_404(class_id)
    return storage.serve(papers.file_of(papers.latest(class_id)) or abort(404))
