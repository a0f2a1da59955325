"""The web process: screens, answers to programs, live streams."""

import os
from types import FrameType

import uvicorn

from fernamt.daemons.configuration import Configuration
from fernamt.screens.live import live_news

LAST_WORDS_SECONDS = 3
"""How long answers under way may take when the process is told to end."""


def main(configuration: Configuration) -> int:
    """Serve until told to end; return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fernamt.daemons.web_settings")
    server = Server(
        uvicorn.Config(
            "fernamt.daemons.asgi:application",
            host=configuration.listen,
            port=configuration.web_port,
            lifespan="on",
            access_log=False,
            server_header=False,
            log_config=None,
            timeout_graceful_shutdown=LAST_WORDS_SECONDS,
            proxy_headers=True,
            forwarded_allow_ips="127.0.0.1",
        )
    )
    server.run()
    return 0 if server.started else 1


class Server(uvicorn.Server):
    """Uvicorn, which lets live streams end by themselves first."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the streams, then as usual."""
        live_news.close()
        super().handle_exit(sig, frame)
