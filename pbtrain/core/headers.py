"""What every answer says about itself: no inline script, no frames, nothing cached that is private."""

from urllib.parse import quote

from flask import Flask, Response, request

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
FILE_CSP = "sandbox; default-src 'none'"


def permissions(camera: str = "()") -> str:
    """The Permissions-Policy: nothing of the device is asked for, save the camera where a page says so."""
    return f"camera={camera}, geolocation=(), microphone=()"


def init_app(app: Flask) -> None:
    """Add the headers to every answer; a view that set one itself keeps it."""

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", CSP)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", permissions())
        headers.setdefault("Cache-Control", "no-store")
        if request.is_secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response


def attach(response: Response, name: str, ending: str) -> None:
    """Make it a download under this name, also when the name is Chinese (RFC 6266)."""
    response.headers.set(
        "Content-Disposition",
        "attachment",
        **{"filename": f"export.{ending}", "filename*": f"UTF-8''{quote(name, safe='')}.{ending}"},
    )
