"""Pictures people sent, for whoever may see what they belong to."""

from flask import Response, abort, request

from pbtrain.core import storage
from pbtrain.events import queries
from pbtrain.events.views import bp
from pbtrain.org.access import signed, signed_in


@bp.get("/f/<uuid:uuid>")
@signed_in
def photo(uuid: object) -> Response:
    """The picture, or its small form with `?small=1`; 404 out of reach."""
    file = queries.file_in_reach(signed(), str(uuid))
    if file is None or not storage.path_of(file.sha256).exists():
        abort(404)
    return storage.serve(file, thumb=request.args.get("small") == "1")
