"""The beginning of a real site: its root unit and its first system administrator."""

from dataclasses import dataclass

from pbtrain.accounts import slips
from pbtrain.accounts.models import Account
from pbtrain.core import site
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org import posts, tree
from pbtrain.org.roles import Role
from pbtrain.org.services import free_username


@dataclass(frozen=True)
class Founded:
    """How the first administrator comes in; the code is shown once."""

    username: str
    code: str
    unit_id: int


def found(*, unit_name: str, admin_name: str) -> Founded:
    """Begin a real site on an empty database. Flushes for ids."""
    if site.kind() is not None:
        raise RuleError(N_("This site has begun already."))
    site.mark("real")
    root = tree.add_unit(None, name=unit_name, kind="committee", parent_id=None)
    admin = Account(username=free_username(admin_name), name=admin_name)
    db.session.add(admin)
    db.session.flush()  # the grant and the slip name admin.id
    posts.grant_role(None, admin.id, unit_id=root.id, role=Role.SYSTEM_ADMIN)
    return Founded(admin.username, slips.make(None, [admin.id]).codes[admin.id], root.id)
