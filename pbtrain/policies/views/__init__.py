"""The pages of the rules of a year: versions, drafts, trials."""

from flask import Blueprint

bp = Blueprint("policies", __name__, url_prefix="/policies")

from pbtrain.policies.views import drafts, trials, versions  # noqa: E402  their routes belong to bp

__all__ = ["bp", "drafts", "trials", "versions"]
