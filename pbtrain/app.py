"""Build the application. Read downwards, this is pbtrain's table of contents."""

import os
from pathlib import Path
from wsgiref.headers import Headers

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from pbtrain import cli, config
from pbtrain.accounts.cli import bp as accounts_commands
from pbtrain.accounts.views import bp as accounts
from pbtrain.audit import models as audit_models  # noqa: F401  the audit trail has no page yet
from pbtrain.claims.views import bp as claims
from pbtrain.classes.views import bp as classes
from pbtrain.classes.views.calendars import bp as calendars
from pbtrain.classes.views.certificates import bp as certificates
from pbtrain.closing import checks as closing_checks  # noqa: F401  they add to `flask hours verify`
from pbtrain.closing import cli as closing_commands  # noqa: F401  they add to `flask hours`
from pbtrain.closing.views import bp as closing
from pbtrain.core import (
    cookies,
    extensions,
    guards,
    headers,
    i18n,
    pages,
    postgresql,
    queue,
    site,
    sqlite,
    templating,
)
from pbtrain.core.db import db
from pbtrain.core.views import bp as core
from pbtrain.courses.views import bp as courses
from pbtrain.events.views import bp as events
from pbtrain.home import navigation
from pbtrain.home.views import bp as home
from pbtrain.home.views.leaders import bp as leading
from pbtrain.home.views.learners import bp as learners
from pbtrain.home.views.left import bp as left
from pbtrain.home.views.logins import bp as logins
from pbtrain.home.views.members import bp as admin
from pbtrain.home.views.my_data import bp as my_data
from pbtrain.home.views.privacy import bp as privacy
from pbtrain.home.views.reach import bp as reach
from pbtrain.home.views.reshape import bp as reshape
from pbtrain.home.views.roster import bp as roster
from pbtrain.home.views.wrong_data import bp as wrong_data
from pbtrain.hours.cli import bp as hours_commands
from pbtrain.hours.views import bp as hours
from pbtrain.notify.views import bp as notify
from pbtrain.org import access, known
from pbtrain.org.views import bp as org
from pbtrain.policies import jobs as policy_jobs  # noqa: F401
from pbtrain.policies.views import bp as policies
from pbtrain.reminders.views import bp as reminders
from pbtrain.reports.views import bp as reports

BLUEPRINTS = (
    core,
    accounts,
    notify,
    hours,
    closing,
    claims,
    courses,
    events,
    classes,
    calendars,
    certificates,
    reminders,
    reports,
    policies,
    org,
    home,
    logins,
    left,
    admin,
    my_data,
    privacy,
    wrong_data,
    leading,
    learners,
    reach,
    roster,
    reshape,
    cli.bp,
    hours_commands,
    accounts_commands,
)  # one line per feature


def create_app(**settings: object) -> Flask:
    """Return a ready application; `settings`, given by tests, replace all others.

    Raises KeyProblem or ConfigProblem, naming what is missing, instead of starting half configured.
    """
    folder = str(settings.pop("INSTANCE_PATH", "") or os.environ.get("PBTRAIN_INSTANCE_PATH", ""))
    app = Flask(
        "pbtrain",
        instance_path=str(Path(folder).resolve()) if folder else None,
        instance_relative_config=True,
    )
    config.load(app, settings)
    app.session_interface = cookies.Sessions()
    i18n.init_app(app)  # before forms: their messages are translated
    for extension in extensions.EXTENSIONS:
        extension.init_app(app)
    equip_database(app)
    queue.init_app(app)
    site.init_app(app)
    headers.init_app(app)
    access.init_app(app)
    known.init_app(app)
    navigation.init_app(app)
    guards.limit_numbers(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    templating.init_app(app)  # where templates live, and their filters
    pages.init_app(app)  # error pages
    guards.check_every_route(app)  # refuses to start with a route that guards nothing
    serve_behind(app)
    return app


def equip_database(app: Flask) -> None:
    """SQLite gets WAL, full synchronisation and the ledger's hash function; PostgreSQL ends what waits."""
    with app.app_context():
        for engine in db.engines.values():
            if engine.dialect.name == "sqlite":
                sqlite.listen(engine, may_change_schema=bool(app.config["MAY_CHANGE_SCHEMA"]))
            elif not app.config["MAY_CHANGE_SCHEMA"]:
                postgresql.listen(engine, app.config)


def serve_behind(app: Flask) -> None:
    """Static files before Flask, with a year of caching for hashed names; proxies only as many as we own."""

    def nosniff(headers: Headers, path: str, url: str) -> None:
        headers["X-Content-Type-Options"] = "nosniff"

    static = WhiteNoise(
        app.wsgi_app,
        max_age=3600,
        immutable_file_test=r"/dist/assets/.+[-.][\w-]{8,}\.",
        allow_all_origins=False,
        add_headers_function=nosniff,
    )
    static.add_files(str(Path(app.root_path, "static")), prefix="static/")
    app.wsgi_app = static  # type: ignore[method-assign]
    if hops := app.config["PROXY_HOPS"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
