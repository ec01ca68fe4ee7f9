"""Evidence, for whoever may read the claim it belongs to."""

from flask import Response, abort, request

from pbtrain.claims import queries
from pbtrain.claims.views import bp
from pbtrain.core import storage
from pbtrain.org.access import signed, signed_in


@bp.get("/claims/files/<uuid:uuid>")
@signed_in
def file(uuid: object) -> Response:
    """A picture, or its small form with `?small=1`, or a PDF to download; 404 out of reach."""
    found = queries.file_in_reach(signed(), str(uuid))
    if found is None or not storage.path_of(found.sha256).exists():
        abort(404)
    return storage.serve(found, thumb=request.args.get("small") == "1")
