"""A test client whose requests share nothing with the test: own `g`, own session, as in production."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from pbtrain.core.db import db


class Client(FlaskClient):
    """What a view did not commit is lost, and what the test read before is read anew."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        db.session.rollback()
        with self.application.app_context():
            response = super().open(*args, **kwargs)
        db.session.rollback()
        return response


def sign(app: Flask, token: str) -> str:
    """The Cookie header of a browser that is signed in with this token."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps({'_user_id': token, '_fresh': True})}"
