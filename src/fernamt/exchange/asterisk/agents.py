"""The agents' telephones on one node: pushed at run time, watched for being there.

They live in Asterisk's memory only, so they are pushed again after each connecting.
"""

import asyncio
from collections.abc import Callable

from fernamt.exchange.asterisk.ari import models, requests
from fernamt.exchange.asterisk.ari.events import ContactStatusChange
from fernamt.exchange.asterisk.connection import PATIENCE, Connection, RequestRefused
from fernamt.exchange.asterisk.dialplan import NO_TELEPHONES, ROBOTS
from fernamt.exchange.asterisk.request import Request
from fernamt.exchange.asterisk.settings import APPLICATION
from fernamt.exchange.device import Device, DeviceKind

SOME_CONTACT = "?"
"""Stands for a contact that was there before we looked."""
REGISTERING = (DeviceKind.BROWSER, DeviceKind.TELEPHONE)
GONE = ("Removed", "Unreachable")
AT_ONCE = {
    "PJSIP_HEADER(add,X-Fernamt-At-Once)": "1",
    "PJSIP_HEADER(add,Call-Info)": "<sip:fernamt>;answer-after=0",
    "PJSIP_HEADER(add,Alert-Info)": "<http://fernamt>;info=alert-autoanswer",
}
"""By these a telephone that can answers by itself: ours, and what desk telephones know."""

Changed = Callable[[str, str], None]
"""Told a device's address, and the contact that is gone, or "" when one has come."""


class Telephones:
    """Which telephones one node knows, and which of them are there."""

    def __init__(self, connection: Connection, *, media_address: str, changed: Changed) -> None:
        """Know no telephone yet.

        Args:
            connection: To the node.
            media_address: Where the node's own end of a conversation is.
            changed: Told of comings and goings.
        """
        self._connection = connection
        self._media_address = media_address
        self._changed = changed
        self._devices: dict[str, Device] = {}
        self._contacts: dict[str, set[str]] = {}

    async def provide(self, device: Device) -> None:
        """Let *device* register and be rung; known before, it is known anew.

        Raises:
            TelephonyFault: If the node did not take it. It is pushed again after
                the next connecting.
        """
        if device.kind not in REGISTERING:
            return
        self._devices[device.address] = device
        if self._connection.is_usable:
            await self._push(device)

    async def withdraw(self, device: Device) -> None:
        """Forget *device*: it cannot register any more.

        Raises:
            TelephonyFault: If the node did not forget it.
        """
        self._contacts.pop(device.address, None)
        if self._devices.pop(device.address, None) is None or not self._connection.is_usable:
            return
        outcomes = await self._ask_all(
            requests.applications_unsubscribe(
                application_name=APPLICATION, event_source=[_source(device)]
            ),
            *(
                requests.asterisk_delete_object(
                    config_class="res_pjsip", object_type=kind, id=device.address
                )
                for kind in ("endpoint", "aor", "auth")
            ),
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not _is_missing(outcome):
                raise outcome

    async def push_all(self) -> None:
        """Push every telephone again: the node may have forgotten them.

        Raises:
            TelephonyFault: If the node did not take one.
        """
        outcomes = await asyncio.gather(
            *(self._push(device) for device in self._devices.values()), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    def knows(self, address: str) -> bool:
        """Return whether *address* is a telephone of ours."""
        return address in self._devices

    def forget_contacts(self) -> None:
        """Know nothing of who is there until looking again."""
        self._contacts.clear()

    def contact(self, device: Device) -> str:
        """Return where *device* is registered; empty if nowhere, or it need not be."""
        return next(iter(self._contacts.get(device.address, ())), "")

    def is_there(self, device: Device) -> bool:
        """Return whether ringing *device* makes sense now; in doubt it does."""
        return device.kind not in REGISTERING or self._contacts.get(device.address) != set()

    def hear(self, event: ContactStatusChange) -> None:
        """Take note of a telephone that came or went."""
        contact = event.contact_info
        address = contact.aor
        if address not in self._devices:
            return
        contacts = self._contacts.setdefault(address, set())
        if contact.contact_status in GONE:
            contacts -= {contact.uri, SOME_CONTACT}
            self._changed(address, contact.uri)
        elif contact.uri not in contacts:
            contacts -= {SOME_CONTACT}
            contacts |= {contact.uri}
            self._changed(address, "")

    async def _push(self, device: Device) -> None:
        objects = {"auth": _auth(device), "aor": AOR, "endpoint": self._endpoint(device)}
        outcomes = await self._ask_all(
            *(
                requests.asterisk_update_object(
                    config_class="res_pjsip", object_type=kind, id=device.address, fields=fields
                )
                for kind, fields in objects.items()
            ),
            requests.applications_subscribe(
                application_name=APPLICATION, event_source=[_source(device)]
            ),
            requests.endpoints_get(tech="PJSIP", resource=device.address),
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        endpoint = outcomes[-1]
        contacts = self._contacts.setdefault(device.address, set())
        if not isinstance(endpoint, models.Endpoint) or endpoint.state != "online":
            contacts.clear()
        elif not contacts:
            contacts |= {SOME_CONTACT}
            self._changed(device.address, "")

    async def _ask_all(self, *asked: Request[object]) -> list[object]:
        answers = [await self._connection.send(request) for request in asked]
        async with asyncio.timeout(PATIENCE.total_seconds()):
            return await asyncio.gather(*answers, return_exceptions=True)

    def _endpoint(self, device: Device) -> dict[str, str]:
        common = {
            "context": NO_TELEPHONES,
            "aors": device.address,
            "auth": device.address,
            "identify_by": "username,auth_username",
            "from_domain": "fernamt",
            "disallow": "all",
            "direct_media": "no",
            "send_connected_line": "no",
            "timers": "no",
        }
        if self._media_address:
            common |= {"media_address": self._media_address, "bind_rtp_to_media_address": "yes"}
        if device.kind is DeviceKind.BROWSER:
            return common | {
                "webrtc": "yes",
                "dtls_auto_generate_cert": "yes",
                "allow": "opus,alaw",
                "rtp_timeout": "20",
            }
        return common | {
            "transport": "udp",
            "allow": "alaw,ulaw,g722",
            "dtmf_mode": "rfc4733",
            "rtp_symmetric": "yes",
            "force_rport": "yes",
            "rewrite_contact": "yes",
            "rtp_timeout": "60",
        }


AOR = {
    "max_contacts": "1",
    "remove_existing": "yes",
    "minimum_expiration": "30",
    "default_expiration": "300",
    "maximum_expiration": "3600",
}
"""One telephone an agent: who registers anew replaces what was there."""


def dial_string(device: Device, *, trunk: str) -> str:
    """Return what Asterisk dials to ring *device*, external numbers through *trunk*."""
    match device.kind:
        case DeviceKind.EXTERNAL:
            return f"PJSIP/{device.address}@{trunk}"
        case DeviceKind.ROBOT:
            return f"Local/{device.address}@{ROBOTS}/n"
        case _:
            return f"PJSIP/{device.address}"


def _auth(device: Device) -> dict[str, str]:
    return {"auth_type": "digest", "username": device.address, "password": device.secret}


def _source(device: Device) -> str:
    return f"endpoint:PJSIP/{device.address}"


def _is_missing(outcome: BaseException) -> bool:
    return isinstance(outcome, RequestRefused) and outcome.status in {404, 422}
