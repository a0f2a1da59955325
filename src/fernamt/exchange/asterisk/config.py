"""Writes Asterisk's configuration from settings.

    write(settings, lines, program=program)
    command_line(settings, program)

Asterisk decides nothing: callers are handed to the Stasis application, and only
where nobody listens the dialplan serves them itself (see dialplan.py). Everything
it writes lies below the settings' home, so it runs as root and as anybody.
"""

import logging
import os
import socket
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from pathlib import Path

from fernamt.exchange.asterisk import dialplan
from fernamt.exchange.asterisk.settings import (
    APPLICATION,
    DEMO_USER,
    AsteriskSettings,
    DialplanLine,
    Program,
    Trunk,
)
from fernamt.exchange.asterisk.sounds import compose_music

log = logging.getLogger(__name__)

MODULES = """
res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb res_crypto
res_http_websocket res_websocket_client res_srtp res_rtp_asterisk res_pjproject res_pjsip
res_pjsip_session res_pjsip_sdp_rtp res_pjsip_authenticator_digest
res_pjsip_outbound_authenticator_digest res_pjsip_outbound_registration
res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user res_pjsip_registrar
res_pjsip_transport_websocket res_pjsip_nat res_pjsip_caller_id res_pjsip_diversion
res_pjsip_rfc3326 res_pjsip_dtmf_info res_pjsip_refer res_pjsip_pubsub res_pjsip_header_funcs
chan_pjsip bridge_simple bridge_softmix bridge_holding chan_bridge_media codec_alaw codec_ulaw
codec_a_mu codec_g722 codec_resample codec_opus_open_source res_format_attr_opus format_wav
format_pcm format_sln res_musiconhold pbx_config func_channel func_callerid func_strings func_logic
func_cut func_env func_global func_timeout app_dial app_exec app_echo app_playback
app_stack app_playtones app_stasis res_stasis res_stasis_answer res_stasis_playback
res_stasis_recording res_stasis_snoop res_stasis_device_state res_ari_model res_ari
res_ari_applications res_ari_asterisk res_ari_bridges res_ari_channels res_ari_device_states
res_ari_endpoints res_ari_events res_ari_playbacks res_ari_recordings res_ari_sounds res_hep
res_hep_pjsip
""".split()  # noqa: SIM905 - a list of eighty names reads better so
"""Nothing else is loaded: what is not there needs no memory and no patch."""
MEDIA_OF_CARRIERS = """\
disallow=all
allow=alaw,ulaw,g722
dtmf_mode=rfc4733
direct_media=no
rtp_symmetric=yes
bind_rtp_to_media_address=yes
timers=no
"""


def write(settings: AsteriskSettings, lines: Iterable[DialplanLine], *, program: Program) -> None:
    """Write every configuration file, and the folders and the music they name."""
    for folder in ("etc", "lib", "lib/keys", "lib/sounds", "spool", "run", "log", "cache"):
        (settings.home / folder).mkdir(parents=True, exist_ok=True)
    settings.home.chmod(0o700)
    settings.sounds.mkdir(parents=True, exist_ok=True)
    _link(settings.home / "lib" / "sounds" / dialplan.SOUNDS, settings.sounds)
    _link(settings.home / "lib" / "documentation", program.documentation)
    compose_music(settings.home / "lib" / "music")
    for name, text in files(settings, lines, program=program).items():
        _replace(settings.home / "etc" / name, text)


def command_line(settings: AsteriskSettings, program: Program) -> list[str]:
    """Return what starts this Asterisk in the foreground, without a console."""
    return [*program.command, "-C", str(settings.home / "etc" / "asterisk.conf"), "-f", "-n"]


def files(
    settings: AsteriskSettings, lines: Iterable[DialplanLine], *, program: Program
) -> dict[str, str]:
    """Return all configuration files, name -> text."""
    return {
        "asterisk.conf": _asterisk(settings, program),
        "modules.conf": "[modules]\nautoload=no\n"
        + "".join(f"load={module}.so\n" for module in MODULES),
        "logger.conf": _logger(),
        "http.conf": _http(settings),
        "ari.conf": _ari(settings),
        "rtp.conf": _rtp(settings),
        "pjsip.conf": _pjsip(settings),
        "sorcery.conf": _sorcery(),
        "musiconhold.conf": _music(settings),
        "indications.conf": _tones(),
        "hep.conf": _capture(settings),
        "extensions.conf": dialplan.extensions(settings, lines),
        "cdr.conf": "[general]\nenable=no\n",
        "cel.conf": "[general]\nenable=no\n",
        "manager.conf": "[general]\nenabled=no\n",
        "features.conf": "[general]\n",
        "ccss.conf": "[general]\n",
        "acl.conf": "",
        "udptl.conf": "[general]\n",
        "pjproject.conf": "[startup]\nlog_level=0\n",
        "stasis.conf": "",
        "websocket_client.conf": "",
    }


def own_address() -> str | None:
    """Return an address of this machine that is not loopback; None without a network."""
    for family, probe in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as unsent:
            try:
                unsent.connect((probe, 9))  # chooses a source address, sends nothing
            except OSError:
                continue
            address = str(unsent.getsockname()[0])
            if not address.startswith("127.") and address not in {"::1", "0.0.0.0"}:  # noqa: S104
                return address
    return None


def _asterisk(settings: AsteriskSettings, program: Program) -> str:
    home = settings.home
    return f"""\
[directories]
astetcdir => {home}/etc
astmoddir => {program.modules}
astvarlibdir => {home}/lib
astdbdir => {home}/lib
astkeydir => {home}/lib
astdatadir => {home}/lib
astagidir => {home}/lib
astspooldir => {home}/spool
astrundir => {home}/run
astlogdir => {home}/log
astcachedir => {home}/cache
astsbindir => {home}/run

[options]
systemname = {settings.node}
nocolor = yes
defaultlanguage = de
transmit_silence = no
live_dangerously = no
maxfiles = 20000
hide_messaging_ami_events = yes
"""


def _logger() -> str:
    # Warnings name the callers whom they are about; errors do not.
    return "[general]\ndateformat=%F %T\n\n[logfiles]\nmessages.log => error\n"


def _http(settings: AsteriskSettings) -> str:
    return f"""\
[general]
servername=Fernamt
enabled=yes
bindaddr={settings.listen}
bindport={settings.http_port}
sessionlimit=500
session_keep_alive=15000
enable_static=no
enable_status=no
"""


def _ari(settings: AsteriskSettings) -> str:
    return f"""\
[general]
enabled=yes
pretty=no
websocket_write_timeout=500

[{APPLICATION}]
type=user
read_only=no
password={settings.ari_password}

[{DEMO_USER}]
type=user
read_only=no
password={settings.demo_password}
"""


def _rtp(settings: AsteriskSettings) -> str:
    first, last = settings.rtp_ports
    text = f"[general]\nrtpstart={first}\nrtpend={last}\nstrictrtp=yes\nicesupport=yes\n"
    if not settings.media_address.startswith("127."):
        return text
    # Asterisk never offers a loopback address to browsers by itself.
    address = own_address()
    if address is None:
        log.warning(
            "This machine has no network address: browsers will not hear anything. Give it one,"
            " for example: ip addr add 198.51.100.1/32 dev lo"
        )
        return text
    return f"{text}\n[ice_host_candidates]\n{address} => {settings.media_address}\n"


def _pjsip(settings: AsteriskSettings) -> str:
    host = _host(settings.listen)
    return "\n".join(
        [
            f"""\
[global]
type=global
user_agent=Fernamt
endpoint_identifier_order=username,ip
mwi_disable_initial_unsolicited=yes
keep_alive_interval=30

[system]
type=system
timer_t1=500
threadpool_initial_size=4
threadpool_auto_increment=2

[udp]
type=transport
protocol=udp
bind={host}:{settings.sip_port}

[ws]
type=transport
protocol=ws
bind={host}
""",
            _demo(settings),
            *(_trunk(trunk, settings) for trunk in settings.trunks),
        ]
    )


def _demo(settings: AsteriskSettings) -> str:
    """Return the endpoint through which the exchange calls itself, for robots and test calls."""
    own = _reachable(settings.listen)
    text = f"""\
[{dialplan.DEMO_ENDPOINT}]
type=endpoint
transport=udp
context={dialplan.ARRIVALS}
aors={dialplan.DEMO_ENDPOINT}
identify_by=ip
media_address={settings.media_address}
trust_id_inbound=yes
trust_id_outbound=no
send_connected_line=no
{MEDIA_OF_CARRIERS}
[{dialplan.DEMO_ENDPOINT}]
type=aor
contact=sip:{_host(own)}:{settings.sip_port}
"""
    if any(_covers(address, own) for trunk in settings.trunks for address in trunk.addresses):
        return text  # its calls come in as that trunk's
    return f"""\
{text}
[{dialplan.DEMO_ENDPOINT}]
type=identify
endpoint={dialplan.DEMO_ENDPOINT}
match={own}
"""


def _covers(network: str, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return network == address


def _trunk(trunk: Trunk, settings: AsteriskSettings) -> str:
    name = trunk.name
    loopback = trunk.contact.removeprefix("sip:").startswith(("127.", "localhost", "[::1]"))
    text = f"""\
[{name}]
type=endpoint
transport=udp
context={dialplan.ARRIVALS}
identify_by=ip
media_address={settings.media_address}
trust_id_inbound=yes
send_pai=yes
send_connected_line=no
aors={name}
{f"outbound_auth={name}" if trunk.username else ""}
{MEDIA_OF_CARRIERS}
[{name}]
type=aor
{f"contact={trunk.contact}" if trunk.contact else ""}
{"" if loopback or not trunk.contact else "qualify_frequency=30"}

[{name}]
type=identify
endpoint={name}
{"".join(f"match={address}{chr(10)}" for address in trunk.addresses)}
"""
    if trunk.username:
        text += f"""\
[{name}]
type=auth
auth_type=digest
username={trunk.username}
password={trunk.password}

"""
    if trunk.register:
        text += f"""\
[{name}]
type=registration
transport=udp
outbound_auth={name}
server_uri={trunk.contact}
client_uri={trunk.contact.replace("sip:", f"sip:{trunk.username}@", 1)}
contact_user={trunk.username}
retry_interval=30
forbidden_retry_interval=300
line=yes
endpoint={name}

"""
    return text


def _sorcery() -> str:
    # Agents' telephones live in memory and are pushed at run time; the rest is in the file.
    kinds = "".join(
        f"{kind}=config,pjsip.conf,criteria=type={kind}\n{kind}=memory\n"
        for kind in ("endpoint", "auth", "aor")
    )
    return f"[res_pjsip]\n{kinds}"


def _music(settings: AsteriskSettings) -> str:
    return "".join(
        f"[{name}]\nmode=files\ndirectory={settings.home}/lib/music\n\n"
        for name in (dialplan.MUSIC, "default")
    )


def _tones() -> str:
    return """\
[general]
country=de

[de]
description = Germany
ringcadence = 1000,4000
dial = 425
busy = 425/480,0/480
ring = 425/1000,0/4000
congestion = 425/240,0/240
"""


def _capture(settings: AsteriskSettings) -> str:
    if not settings.capture_port:
        return "[general]\nenabled=no\n"
    return f"""\
[general]
enabled=yes
capture_address=127.0.0.1:{settings.capture_port}
capture_id=1
uuid_type=call-id
"""


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _reachable(listen: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen, listen)  # noqa: S104 - compared


def _link(link: Path, target: Path) -> None:
    draft = link.with_name(f".{link.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(link)


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
