"""What a person reads when everything runs: where to go, as whom, and how to call."""

import json

from fernamt.daemons.configuration import Configuration

EXAMPLE_LINE = "05371 82-370"
EXAMPLE_NUMBER = "+49537182370"


def welcome(configuration: Configuration) -> str:
    """Return the words; they hold the demonstration's passwords, so they go into no log."""
    lines = ["", f"Fernamt is running: {configuration.web_url}"]
    if configuration.mode == "rehearsal":
        lines += ["REHEARSAL: robots call, no telephone is connected, nobody can call in."]
    else:
        lines += [
            f"SIP (carrier, desk telephones): {configuration.nodes[0].sip}, UDP",
            f"Telephony in the browser: {configuration.websocket_url}",
        ]
    lines += ["", *_accounts(configuration)]
    if configuration.mode == "live":
        lines += [
            "A test call: sign in, press “Testanruf” and take the call; or let a robot call:",
            f'  ./fernamt demo callers --line "{EXAMPLE_LINE}" --count 1',
            f"or dial sip:{EXAMPLE_NUMBER}@{configuration.nodes[0].sip} with any SIP telephone.",
            "",
        ]
    lines += ["End it with Ctrl-C or ./fernamt down; look with ./fernamt status and logs."]
    return "\n".join(lines)


def _accounts(configuration: Configuration) -> list[str]:
    try:
        accounts = json.loads(configuration.accounts.read_text(encoding="utf-8"))["accounts"]
    except (OSError, ValueError, KeyError):
        return []
    width = max((len(str(each.get("username", ""))) for each in accounts), default=0)
    rows = [
        f"  {each.get('username', ''):<{width}}  {each.get('password', '')}"
        f"  ({each.get('role', '')}: {each.get('name', '')})"
        for each in accounts
    ]
    return ["Demonstration accounts (also in accounts.json):", *rows, ""]
