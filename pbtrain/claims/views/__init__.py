"""Pages of claims: one's own, writing one, evidence, the secretary's desk, appeals, platforms."""

from flask import Blueprint

bp = Blueprint("claims", __name__)

from pbtrain.claims.views import above, desk, files, mine, platforms, takeovers, waiting, writing  # noqa: E402  their routes belong to bp

__all__ = ["above", "bp", "desk", "files", "mine", "platforms", "takeovers", "waiting", "writing"]
