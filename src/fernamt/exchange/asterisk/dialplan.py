"""The dialplan: hands callers to the conductor, and serves them where nobody listens.

A caller goes to the Stasis application with all that tells whose call it is. Where
the application is not there, the line's greeting is played and its fallback number
rung; where that fails, the caller hears an apology. There is never silence. What
was served so is noted in a journal, one line a call, which the conductor reads when
it comes back (see journal.py).
"""

import re
from collections.abc import Iterable, Mapping

from fernamt.exchange.asterisk.settings import APPLICATION, AsteriskSettings, DialplanLine
from fernamt.reception.rules import Lines, announcement_key

ARRIVALS = "carrier"
"""Where carriers' calls come in."""
ROBOTS = "robots"
"""Robot agents: ``answer``, ``silent`` and ``busy``."""
DEMO_CALLERS = "demo-callers"
"""The other side of robot callers."""
DEMO_ENDPOINT = "demo"
"""Through this the exchange calls itself as a carrier would."""
MUSIC = "fernamt"
"""The class of the hold music."""
SOUNDS = "fernamt"
"""Folder of our announcements among Asterisk's sounds."""
SERVED, HEARD = "SERVED", "heard"
"""Variable of a caller's channel, and what we set it to once the call is in our log: the
dialplan's journal is for the others."""
UNHEARD = "unheard"
"""What it is until then. A caller who is gone before they were offered to us at all is
counted at the door."""
NO_TELEPHONES = "telephones"
"""Where agents' own telephones arrive when they dial: nowhere."""


def extensions(settings: AsteriskSettings, lines: Iterable[DialplanLine]) -> str:
    """Return ``extensions.conf``."""
    trunk = settings.trunks[0].name if settings.trunks else "none"
    facts = "".join(f"{name}={value}\n" for name, value in line_variables(lines).items())
    apology = f"{SOUNDS}/{_plain(settings.apology)}" if settings.apology else ""
    return f"""\
[general]
static=yes
writeprotect=yes
clearglobalvars=no

[globals]
JOURNAL={settings.journal}
TRUNK={trunk}
APOLOGY={apology}
{facts}
{CONTEXTS}"""


def dialplan_lines(lines: Lines) -> list[DialplanLine]:
    """Return what the dialplan needs to know of *lines* that are in service."""
    return [
        DialplanLine(
            authority=line.authority,
            number=line.number,
            greeting=announcement_key(line.greeting),
            fallback=line.fallback_number,
        )
        for line in lines.lines.values()
        if line.is_live
    ]


def line_variables(lines: Iterable[DialplanLine]) -> Mapping[str, str]:
    """Return the global variables by which the dialplan knows *lines*."""
    return {
        f"LINE_{line.number.removeprefix('+')}": "^".join(
            _plain(fact) for fact in (line.authority, line.number, line.greeting, line.fallback)
        )
        for line in lines
    }


def _plain(fact: str) -> str:
    """Return *fact* without anything that the dialplan would read as its own language."""
    return re.sub(r"[^\w+.-]", "", fact, flags=re.ASCII)


NUMBER = r"0-9a-zA-Z+*#._\-"
"""What is kept of a number that a carrier sent."""
ADDRESS = rf"{NUMBER}@:<>%"
"""What is kept of a SIP address."""

CONTEXTS = f"""\
[{ARRIVALS}]
exten => _[0-9a-zA-Z+*#]!,1,Set(DIALLED=${{FILTER({NUMBER},${{EXTEN}})}})
 same => n,Goto(arrived,s,1)
exten => h,1,NoOp()

[arrived]
exten => s,1,Set(CALLERID(name)=)
 same => n,Set(TO=${{FILTER({ADDRESS},${{CHANNEL(pjsip,local_uri)}})}})
 same => n,Set(FIRST=${{FILTER({NUMBER},${{REDIRECTING(orig-num)}})}})
 same => n,Set(LAST=${{FILTER({NUMBER},${{REDIRECTING(from-num)}})}})
 same => n,Set(HEADERS=${{TOLOWER(${{PJSIP_HEADERS()}})}})
 same => n,GosubIf($[${{REGEX("history-info" ${{HEADERS}})}}]?history,s,1)
 same => n,GosubIf($[${{REGEX("privacy" ${{HEADERS}})}}]?privacy,s,1)
 same => n,Set(FROM=${{FILTER({NUMBER},${{CALLERID(num)}})}})
 same => n,Set(FACTS=${{DIALLED:0:100}},${{TO:0:200}},${{FIRST:0:100}},${{LAST:0:100}})
 same => n,Set(FACTS=${{FACTS}},${{HISTORY:0:400}},${{FROM:0:100}},${{CALLERID(num-pres)}})
 same => n,Set(SIPCALL=${{FILTER({ADDRESS},${{CHANNEL(pjsip,call-id)}})}})
 same => n,Set(ARRIVED=${{EPOCH}})
 same => n,Set({SERVED}={UNHEARD})
 same => n,Set(CHANNEL(hangup_handler_push)=journal,s,1)
 same => n,Stasis({APPLICATION},caller,${{FACTS}})
 same => n,GotoIf($["${{STASISSTATUS}}"!="SUCCESS"]?fallback,s,1)
 same => n,Hangup()

[history]
exten => s,1,Set(HISTORY=${{FILTER({ADDRESS},${{PJSIP_HEADER(read,History-Info)}})}})
 same => n,Return()

[privacy]
exten => s,1,Set(WANTED=${{FILTER(a-z,${{TOLOWER(${{PJSIP_HEADER(read,Privacy)}})}})}})
 same => n,ExecIf($[${{REGEX("id|user|header" ${{WANTED}})}}]?Set(CALLERID(pres)=prohib))
 same => n,Return()

[fallback]
exten => s,1,Set({SERVED}=)
 same => n,Set(LINE=)
 same => n,Gosub(line,s,1(${{FIRST}}))
 same => n,Gosub(line,s,1(${{CUT(HISTORY,@,1)}}))
 same => n,Gosub(line,s,1(${{LAST}}))
 same => n,Gosub(line,s,1(${{CUT(TO,@,1)}}))
 same => n,Gosub(line,s,1(${{DIALLED}}))
 same => n,GotoIf($["${{LINE}}"=""]?unknown)
 same => n,Answer()
 same => n,Set(GREETING=${{CUT(LINE,^,3)}})
 same => n,ExecIf($["${{GREETING}}"!=""]?Playback({SOUNDS}/${{GREETING}}))
 same => n,Set(NUMBER=${{CUT(LINE,^,4)}})
 same => n,GotoIf($["${{NUMBER}}"=""]?sorry)
 same => n,Dial(PJSIP/${{NUMBER}}@${{TRUNK}},60,m({MUSIC}))
 same => n(sorry),GotoIf($["${{DIALSTATUS}}"="ANSWER"]?end)
 same => n,ExecIf($["${{APOLOGY}}"!=""]?Playback(${{APOLOGY}}))
 same => n,Playtones(congestion)
 same => n,Wait(3)
 same => n(end),Hangup()
 same => n(unknown),Hangup(1)

[line]
exten => s,1,GotoIf($["${{LINE}}"!=""]?known)
 same => n,Set(KEY=${{FILTER(0-9,${{ARG1}})}})
 same => n,ExecIf($["${{KEY:0:2}}"="00"]?Set(KEY=${{KEY:2}}))
 same => n,ExecIf($["${{KEY:0:1}}"="0"]?Set(KEY=49${{KEY:1}}))
 same => n,Set(LINE=${{LINE_${{KEY}}}})
 same => n(known),Return()

[journal]
exten => s,1,GotoIf($["${{{SERVED}}}"="{HEARD}"]?known)
 same => n,GotoIf($["${{{SERVED}}}${{STASISSTATUS}}"="{UNHEARD}"]?known)
 same => n,Set(HOW=${{{SERVED}}}${{DIALSTATUS}})
 same => n,Set(ROW=${{UNIQUEID}},${{ARRIVED}},${{EPOCH}},${{HOW}},${{SIPCALL:0:200}})
 same => n,Set(FILE(${{JOURNAL}},,,al,u)=${{ROW}},${{FACTS}})
 same => n(known),Return()

[{ROBOTS}]
exten => answer,1,Answer()
 same => n,MusicOnHold({MUSIC})
exten => silent,1,Ringing()
 same => n,Wait(600)
exten => busy,1,Hangup(17)

[{DEMO_CALLERS}]
exten => talk,1,Set(TIMEOUT(absolute)=${{HOLD_FOR}})
 same => n,Echo()

[{NO_TELEPHONES}]
exten => _[0-9a-zA-Z+*#]!,1,Hangup(21)
exten => h,1,NoOp()
"""
