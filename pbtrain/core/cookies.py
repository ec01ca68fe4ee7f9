"""The session cookie: signed, and judged by its signature alone."""

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface


class Sessions(SecureCookieSessionInterface):
    """When a login ends stands in the database, not in its cookie; so a clock set back signs nobody out."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """What the cookie holds; an empty session for a cookie that is not ours."""
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            return None
        ours, kept = serializer.loads_unsafe(request.cookies.get(self.get_cookie_name(app), ""))
        return self.session_class(kept if ours else None)
