"""The Flask extensions, unbound; app.py binds them."""

from flask_compress import Compress
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

from pbtrain.core.db import db, render_item

compress = Compress()
csrf = CSRFProtect()
login = LoginManager()
migrate = Migrate(db=db, render_as_batch=True, compare_type=True, render_item=render_item)

EXTENSIONS = (db, csrf, login, migrate, compress)
