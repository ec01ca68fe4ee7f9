"""What gunicorn and the `flask` command start; a site that is not fit to start says so in one line."""

import sys

from psycopg import OperationalError

from pbtrain.app import create_app
from pbtrain.config import ConfigProblem
from pbtrain.core.keys import KeyProblem

try:
    app = create_app()
except (KeyProblem, ConfigProblem) as problem:
    sys.exit(f"pbtrain does not start: {problem}")
except OperationalError as problem:  # the queue's tables are made before the first request
    sys.exit(f"pbtrain does not start, its database does not answer: {problem}")
