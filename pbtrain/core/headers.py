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


USUAL = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": permissions(),
    "Cache-Control": "no-store",
}
SECURE = {**USUAL, "Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


def init_app(app: Flask) -> None:
    """Add the headers to every answer; a view that set one itself keeps it."""

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        own = {name.lower() for name, _ in headers}  # once: `setdefault` would walk all of them for each
        for name, value in (SECURE if request.is_secure else USUAL).items():
            if name.lower() not in own:
                headers.add(name, value)
        return response


def attach(response: Response, name: str, ending: str) -> None:
    """Make it a download under this name, also when the name is Chinese (RFC 6266)."""
    response.headers.set(
        "Content-Disposition",
        "attachment",
        **{"filename": f"export.{ending}", "filename*": f"UTF-8''{quote(name, safe='')}.{ending}"},
    )
