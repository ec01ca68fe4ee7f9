"""gunicorn serves the bare application with the processes, threads and limits with which it serves pbtrain.

What pbtrain does to its own process besides stands in `when_ready` and is its own: connections, what the
collector need not walk, one heap for all threads. The bare server keeps gunicorn's defaults there.
"""

from pbtrain.gunicorn_conf import *  # noqa: F403
from pbtrain.gunicorn_conf import when_ready

del when_ready
