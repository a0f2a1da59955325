"""Asks the web process how the installation is."""

import json
import urllib.request
from collections.abc import Mapping

from fernamt.daemons.configuration import Configuration, reachable

PATIENCE_SECONDS = 3
SILENT_SECONDS = 4.0
"""A conductor says every second that it lives."""
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Asks without a proxy: it is our own machine."""


def health(configuration: Configuration) -> Mapping[str, object]:
    """Return what the web process says of the installation; empty if it says nothing."""
    address = f"http://{reachable(configuration.listen)}:{configuration.web_port}/gesund"
    try:
        with _direct.open(address, timeout=PATIENCE_SECONDS) as answer:
            said = json.load(answer)
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def is_ready(configuration: Configuration) -> bool:
    """Return whether the installation takes calls."""
    return health(configuration).get("ready") is True


def has_a_conductor(configuration: Configuration) -> bool:
    """Return whether a conductor leads and lives; yes, if there is no web or database to say."""
    said = health(configuration)
    age = said.get("conductor_age_seconds")
    if said.get("database") != "ok" or age is None:
        return True
    return isinstance(age, int | float) and age < SILENT_SECONDS
