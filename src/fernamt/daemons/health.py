"""Asks the web process how the installation is."""

import json
import urllib.request
from collections.abc import Mapping

from fernamt.daemons.configuration import Configuration, reachable

PATIENCE_SECONDS = 3
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
