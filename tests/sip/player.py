"""Plays a scenario of SIPp, the callers' tool that is none of ours."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fernamt.daemons.program import Program

SCENARIOS = Path(__file__).parent
PATIENCE = 40
"""Seconds that a scenario may take."""
USUAL = {
    "to": "0537182370",
    "caller": "0536112345",
    "name": "",
    "header": "X-None: 1",
    "codecs": "8",
    "speech": "0",
}
"""Keys of the scenarios, as they are unless a test says otherwise."""


@asynccontextmanager
async def sipp(
    program: Program,
    server: str,
    scenario: str,
    *,
    dials: str,
    folder: Path,
    stay: int = 100,
    **keys: str,
) -> AsyncIterator[None]:
    """Play *scenario* while the body runs; then wait until it has ended well by itself.

    Args:
        program: SIPp.
        server: ``host:port`` of whoever is called.
        scenario: Name of a file beside this one.
        dials: The number in the request.
        folder: Where it may leave files.
        stay: Milliseconds of every pause.
        keys: Others than usual.
    """
    settings = USUAL | {"to": dials} | keys
    process = await asyncio.create_subprocess_exec(
        *program.command(server),
        *("-sf", str(SCENARIOS / f"{scenario}.xml"), "-m", "1", "-i", "127.0.0.1"),
        *("-s", dials, "-d", str(stay)),
        *(part for key, value in settings.items() for part in ("-key", key, value)),
        *("-timeout", str(PATIENCE), "-timeout_error", "-nostdin"),
        env=program.environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=folder,
    )
    try:
        yield
        async with asyncio.timeout(PATIENCE):
            _, complaint = await process.communicate()
        assert process.returncode == 0, f"{scenario}: {complaint.decode()[-1500:]}"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
