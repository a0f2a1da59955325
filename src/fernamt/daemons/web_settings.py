"""Django's settings in the web process: as everywhere, with a pool of connections."""

from fernamt.daemons.settings import *  # noqa: F403 - all of them
from fernamt.daemons.settings import DATABASES

# Requests and streams borrow a connection for as long as they read, not longer.
DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 12, "timeout": 5}}
