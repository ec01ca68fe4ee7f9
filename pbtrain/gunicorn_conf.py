"""How gunicorn serves pbtrain: few processes, many threads, because slow phones hold threads for long."""

import ctypes
import gc
import os
from pathlib import Path

gc.disable()  # a sixth of the start went into looking for garbage among modules; on again in `when_ready`

host = os.environ.get("HOST", "127.0.0.1")
bind = f"{f'[{host}]' if ':' in host else host}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("PBTRAIN_WEB_PROCESSES", "2"))
worker_class = "gthread"
threads = int(os.environ.get("PBTRAIN_THREADS", "32"))  # as many as the database pool holds
keepalive = 15
timeout = 60
graceful_timeout = 3  # Ctrl-C ends everything within five seconds
preload_app = True
max_requests = 20_000
max_requests_jitter = 2_000
forwarded_allow_ips = ""  # which proxies to believe is decided by PROXY_HOPS alone
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - heartbeat files, not data
loglevel = os.environ.get("LOGLEVEL", "warning")
control_socket_disable = True
M_ARENA_MAX = -8  # glibc's malloc.h: how many heaps the threads of a process may have


def when_ready(server):
    """The parent keeps no connection that its children would share."""
    app = server.app.wsgi()
    if huey := app.extensions.get("pbtrain.huey"):
        huey.storage.close()
    with app.app_context():
        from pbtrain.core.db import db

        db.engine.dispose()
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        # Each heap keeps the 19 MiB of the last password hashed in it: with sixteen of them 300 MB a process.
        mallopt(M_ARENA_MAX, 1)
    gc.collect()
    gc.freeze()  # what was imported is never looked at again, and stays shared between the processes
    gc.enable()
