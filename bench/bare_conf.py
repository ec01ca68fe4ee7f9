"""gunicorn serves the bare application exactly as it serves pbtrain."""

from pbtrain.gunicorn_conf import *  # noqa: F403
from pbtrain.gunicorn_conf import when_ready

del when_ready  # it speaks to pbtrain's own connections
