"""How the installation's Asterisk on this machine is set up and run."""

import asyncio
from pathlib import Path

from fernamt.daemons.configuration import Configuration
from fernamt.daemons.program import Program
from fernamt.daemons.service import Service
from fernamt.daemons.toolbox import ProgramUnusable
from fernamt.exchange.asterisk import config, readiness, settings, sounds
from fernamt.reception.rules import Lines, announcement_key

MODULES = ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules", "usr/lib64/asterisk/modules")
TEXTS = ("usr/share/asterisk", "share/asterisk", "var/lib/asterisk")
BESIDE_IT = ("lib/asterisk/modules", "lib64/asterisk/modules")
"""Where a self-made Asterisk has its modules, from the folder above ``sbin``."""
STOP_SECONDS = 20


def service(configuration: Configuration, program: Program) -> Service:
    """Return how Asterisk is run; its configuration has to be written before."""
    return Service(
        name="asterisk",
        command=config.command_line(_settings(configuration), _installed(program)),
        environment=program.environ(),
        stop_seconds=STOP_SECONDS,
        ready=lambda: asyncio.run(readiness.is_ready(_settings(configuration))),
    )


def addresses(configuration: Configuration, *, password: str) -> list[settings.NodeAddress]:
    """Return where the nodes are found by the user whose *password* it is."""
    local = _settings(configuration)
    return [
        settings.NodeAddress(
            name=node.name,
            http=node.http,
            password=password,
            trunk=configuration.carriers[0].name if configuration.carriers else "",
            media_address=configuration.media_address,
            journal=local.journal if node.local else None,
            sip_port=configuration.sip_port if node.local else 0,
            capture_port=configuration.capture_port if node.local else 0,
        )
        for node in configuration.nodes
    ]


def write_configuration(configuration: Configuration, program: Program, lines: Lines) -> None:
    """Write Asterisk's files, with the lines as they are now."""
    from fernamt.reception.queries import apology

    known = [
        settings.DialplanLine(
            authority=line.authority,
            number=line.number,
            greeting=announcement_key(line.greeting),
            fallback=line.fallback_number,
        )
        for line in lines.lines.values()
        if line.is_live
    ]
    config.write(_settings(configuration, words=apology()), known, program=_installed(program))


def speak(configuration: Configuration, espeak: Program, lines: Lines) -> None:
    """Speak every announcement that is not there yet."""
    from fernamt.reception.queries import apology

    needs = [f"{name}={value}" for name, value in espeak.environment.items()]
    command = ["env", *needs, *espeak.command(*sounds.ESPEAK[1:])]

    configuration.sounds.mkdir(parents=True, exist_ok=True)

    async def speak_all() -> None:
        for text in (*lines.announcements().values(), apology()):
            if text:
                await sounds.render(text, configuration.sounds, command=command)

    asyncio.run(speak_all())


def _settings(configuration: Configuration, *, words: str = "") -> settings.AsteriskSettings:
    node = next(node for node in configuration.nodes if node.local)
    return settings.AsteriskSettings(
        node=node.name,
        home=configuration.asterisk_home,
        sounds=configuration.sounds,
        listen=configuration.listen,
        media_address=configuration.media_address,
        sip_port=configuration.sip_port,
        http_port=configuration.http_port,
        rtp_ports=configuration.rtp_ports,
        trunks=tuple(
            settings.Trunk(
                name=carrier.name,
                addresses=carrier.addresses,
                contact=carrier.contact,
                username=carrier.username,
                password=carrier.password if carrier.username else "",
                register=carrier.register,
            )
            for carrier in configuration.carriers
        ),
        ari_password=configuration.secrets.ari,
        demo_password=configuration.secrets.demo_ari,
        capture_port=configuration.capture_port,
        apology=announcement_key(words),
    )


def _installed(program: Program) -> settings.Program:
    """Return where this Asterisk keeps its parts: in a package's places, or below its prefix."""
    prefix = program.path.resolve().parent.parent
    modules = _first(program.root, MODULES) or _first(prefix, BESIDE_IT)
    texts = _first(program.root, TEXTS) or _first(prefix, TEXTS)
    if modules is None or texts is None:
        raise ProgramUnusable(
            program=program.path, reason="its modules or its documentation are not found"
        )
    return settings.Program(
        command=tuple(program.command()),
        modules=modules,
        documentation=texts / "documentation",
        descriptions=texts / "rest-api",
    )


def _first(root: Path, patterns: tuple[str, ...]) -> Path | None:
    found = (path for pattern in patterns for path in sorted(root.glob(pattern)))
    return next(found, None)
