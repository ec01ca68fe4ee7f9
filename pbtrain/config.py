"""Settings: defaults here, then instance/config.py, then PBTRAIN_* variables; tests replace all of them."""

from pathlib import Path

from flask import Flask

from pbtrain.core import keys

CONNECT: dict[str, int] = {  # to PostgreSQL: how soon a network that swallows everything is noticed
    "connect_timeout": 10,  # seconds for it to answer at all
    "keepalives_idle": 10,  # seconds of silence, then three questions to the other machine
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds until what was sent must have arrived
}


class Defaults:
    """What a site runs with unless it says otherwise."""

    SITE_NAME = "党员教育培训"
    SQLALCHEMY_DATABASE_URI = ""  # empty: instance/pbtrain.sqlite3
    MAX_CONTENT_LENGTH = 20 * 1024 * 1024
    MAX_FORM_MEMORY_SIZE = 500_000
    MAX_FORM_PARTS = 2_000
    SESSION_COOKIE_NAME = "pbtrain"
    SESSION_COOKIE_HTTPONLY = True
    SESSION_COOKIE_SAMESITE = "Lax"
    SESSION_COOKIE_SECURE = False  # set to True behind https; `flask doctor` says so
    PERMANENT_SESSION_LIFETIME = 90 * 24 * 3600
    WTF_CSRF_TIME_LIMIT = None
    COMPRESS_MIN_SIZE = 500
    COMPRESS_ALGORITHM = ("br", "gzip")
    COMPRESS_BR_LEVEL = 4
    COMPRESS_LEVEL = 5
    PROXY_HOPS = 0  # how many reverse proxies of ours stand in front
    THREADS = 32
    DATABASE_WAIT = 5  # seconds for a free connection or a lock, then 503
    STATEMENT_WAIT = 10  # seconds a statement of a page may take on PostgreSQL, then 503; 0: no end
    EXPORT_STATEMENT_WAIT = 120  # of a workbook that is made while its reader waits
    JOB_STATEMENT_WAIT = 3600  # of jobs and commands; changes of the schema have no end
    SITE_URL = ""  # "https://learn.example.cn", for links in mails; empty: mails name no link
    SMTP_HOST = ""
    SMTP_PORT = 25
    SMTP_USER = ""
    SMTP_PASSWORD = ""
    SMTP_TLS = ""  # "", "starttls" or "tls"
    MAIL_FROM = ""
    BREACHED_FILE = ""  # a sorted list of SHA-1 of stolen passwords (accounts/breached.py); empty: none
    MAY_CHANGE_SCHEMA = False


class ConfigProblem(RuntimeError):
    """The site is half configured; the text says what is missing."""


def load(app: Flask, overrides: dict[str, object]) -> None:
    """Fill app.config, lowest priority first, and refuse to start half configured."""
    app.config.from_object(Defaults)
    if not overrides:
        app.config.from_pyfile("config.py", silent=True)
        app.config.from_prefixed_env("PBTRAIN")
    app.config.update(overrides)
    Path(app.instance_path).mkdir(parents=True, exist_ok=True)
    if "KEYS" not in app.config:
        app.config["KEYS"] = keys.read(keys.folder(app.instance_path))
    app.config["SECRET_KEY"] = app.config["KEYS"]["session"]
    uri = app.config["SQLALCHEMY_DATABASE_URI"]
    uri = uri or f"sqlite:///{Path(app.instance_path, 'pbtrain.sqlite3')}"
    if uri.startswith(("postgres://", "postgresql://")):
        uri = "postgresql+psycopg://" + uri.split("://", 1)[1]
    app.config["SQLALCHEMY_DATABASE_URI"] = uri
    app.config.setdefault(
        "SQLALCHEMY_ENGINE_OPTIONS",
        {
            "pool_size": app.config["THREADS"],
            "max_overflow": 0,
            "pool_use_lifo": True,  # the connection just used has its statements prepared
            "pool_timeout": app.config["DATABASE_WAIT"],
        }
        | ({"connect_args": CONNECT} if uri.startswith("postgresql") else {}),
    )
    _refuse_half_set(app)


def _refuse_half_set(app: Flask) -> None:
    config = app.config
    if config.get("LOGIN_DISABLED") and not app.testing:
        raise ConfigProblem("LOGIN_DISABLED switches every guard off: remove it")
    if config["SMTP_HOST"] and not config["MAIL_FROM"]:
        raise ConfigProblem("SMTP_HOST is set but MAIL_FROM is not: set PBTRAIN_MAIL_FROM")
    if config["MAIL_FROM"] and not config["SMTP_HOST"]:
        raise ConfigProblem("MAIL_FROM is set but SMTP_HOST is not: set PBTRAIN_SMTP_HOST")
    if config["BREACHED_FILE"] and not Path(config["BREACHED_FILE"]).is_file():
        raise ConfigProblem(f"BREACHED_FILE names no file: {config['BREACHED_FILE']}")
    if bool(config["SMTP_USER"]) != bool(config["SMTP_PASSWORD"]):
        raise ConfigProblem("SMTP_USER and SMTP_PASSWORD belong together: set both or neither")
    if config["SMTP_TLS"] not in ("", "starttls", "tls"):
        raise ConfigProblem("SMTP_TLS is '', 'starttls' or 'tls'")
