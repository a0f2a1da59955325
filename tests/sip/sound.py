"""Speech over RTP for tests: a tone is sent, what comes in is measured.

Speech is G.711 A-law, 8 kHz, 20 ms a packet, as carriers speak it.
"""

import asyncio
import math
import struct
import wave
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

RATE = 8_000
PACKET = 160
"""Samples a packet."""
AGENT_TONE, CALLER_TONE = 1000.0, 440.0
"""Hertz; the agent's is no note of the hold music, nor an overtone of one."""
LEVEL = 0.2
"""Of full scale: louder tones distort where they are mixed."""
MEMORY = RATE // PACKET
"""Packets that an ear remembers: one second."""
Address = tuple[str, int]


def tone(frequency: float, *, samples: int, rate: int = RATE) -> list[int]:
    """Return *samples* 16-bit samples of a tone; as often as wanted after itself if it is whole."""
    return [
        round(32767 * LEVEL * math.sin(2 * math.pi * frequency * number / rate))
        for number in range(samples)
    ]


def strength(samples: Sequence[int], frequency: float) -> float:
    """Return how strong *frequency* is in *samples*, as a share of full scale (Goertzel)."""
    if not samples:
        return 0.0
    factor = 2 * math.cos(2 * math.pi * frequency / RATE)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + factor * last - before
    power = before * before + last * last - factor * before * last
    return 2 * math.sqrt(max(0.0, power)) / len(samples) / 32768


def loudness(samples: Sequence[int]) -> float:
    """Return the root mean square of *samples*, as a share of full scale."""
    if not samples:
        return 0.0
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples)) / 32768


def write_bursts(path: Path, frequency: float, *, rate: int = 48_000) -> None:
    """Write a microphone's recording: bursts of a tone with pauses, as speech has them.

    A tone without a pause would pass for noise, and the browser takes noise away.
    """
    sound = tone(frequency, samples=rate * 3 // 10, rate=rate)
    samples = (sound + [0] * (rate // 5)) * 4
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(rate)
        recording.writeframes(struct.pack(f"<{len(samples)}h", *samples))


class Voice(asyncio.DatagramProtocol):
    """One end of a conversation: a mouth that sounds a tone, and an ear."""

    def __init__(self, frequency: float | None = None) -> None:
        """Sound *frequency* once it is known whereto; None: send nothing."""
        self._frequency = frequency
        self._heard: deque[bytes] = deque(maxlen=MEMORY)
        self._news = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None
        self._speaking: asyncio.Task[None] | None = None
        self.packets = 0
        """How many came in."""
        self.longest_gap = 0.0
        """Seconds without a packet, at most, since `forget`."""
        self._last_at: float | None = None

    @property
    def port(self) -> int:
        """Where it hears."""
        assert self._transport
        return int(self._transport.get_extra_info("sockname")[1])

    async def open(self) -> "Voice":
        """Begin to hear."""
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        return self

    def close(self) -> None:
        """Fall silent."""
        if self._speaking is not None:
            self._speaking.cancel()
        if self._transport is not None:
            self._transport.close()

    def speak_to(self, address: Address) -> None:
        """Sound the tone at *address* from now on."""
        self._address = address
        if self._speaking is None and self._frequency is not None:
            self._speaking = asyncio.ensure_future(self._speak(_packets(self._frequency)))

    def forget(self) -> None:
        """Forget what was heard so far."""
        self._heard.clear()
        self.longest_gap = 0.0
        self._last_at = None

    def hears(self, frequency: float, *, at_least: float = LEVEL / 4) -> bool:
        """Tell whether the tone was there in the last second, in whole or in bursts."""
        return any(strength(part, frequency) >= at_least for part in self._parts())

    def hears_something(self) -> bool:
        """Tell whether there was any sound in the last second."""
        return any(loudness(part) > 0.004 for part in self._parts())

    async def until_hears(self, frequency: float, *, within: float = 10) -> None:
        """Wait for the tone."""
        async with asyncio.timeout(within):
            while not self.hears(frequency):
                await self._next()

    async def until_hears_something(self, *, but: float | None = None, within: float = 10) -> None:
        """Wait for any sound; *but*: other than this tone."""
        async with asyncio.timeout(within):
            while not self.hears_something() or (but is not None and self.hears(but)):
                await self._next()

    async def _next(self) -> None:
        """Wait for a quarter of a second's packets."""
        wanted = self.packets + 12
        while self.packets < wanted:
            self._news.clear()
            await self._news.wait()

    def _parts(self) -> list[list[int]]:
        heard, part = [_DECODE[code] for code in b"".join(self._heard)], RATE // 5
        return [heard[place : place + part] for place in range(0, len(heard) - part + 1, part // 2)]

    async def _speak(self, packets: Sequence[bytes]) -> None:
        loop = asyncio.get_running_loop()
        begun, sequence = loop.time(), 0
        while True:
            head = struct.pack(">BBHII", 0x80, 8, sequence & 0xFFFF, sequence * PACKET, 0x46656E)
            payload = packets[sequence % len(packets)]
            if self._transport is not None and not self._transport.is_closing():
                self._transport.sendto(head + payload, self._address)
            sequence += 1
            await asyncio.sleep(max(0.0, begun + sequence * 0.02 - loop.time()))

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Hear a packet; learn from it whereto to speak."""
        if len(data) < 12 or data[1] & 0x7F != 8:
            return
        now = asyncio.get_running_loop().time()
        if self._last_at is not None:
            self.longest_gap = max(self.longest_gap, now - self._last_at)
        self._last_at = now
        self.packets += 1
        self._heard.append(data[12:])
        self.speak_to(addr)
        self._news.set()

    def error_received(self, exc: Exception) -> None:
        """The other side has closed its port: nothing is lost."""


@lru_cache
def _packets(frequency: float) -> tuple[bytes, ...]:
    """Return a second of a tone in packets."""
    coded = bytes(_ENCODE[sample >> 3] for sample in tone(frequency, samples=RATE))
    return tuple(coded[place : place + PACKET] for place in range(0, RATE, PACKET))


def _decode(code: int) -> int:
    """Return the 16-bit sample of one G.711 A-law byte."""
    code ^= 0x55
    segment, mantissa = (code >> 4) & 7, code & 0xF
    magnitude = (mantissa << 4) + 8 if segment == 0 else ((mantissa << 4) + 0x108) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


_DECODE = [_decode(code) for code in range(256)]
_BY_SAMPLE = sorted(range(256), key=_DECODE.__getitem__)


def _nearest() -> dict[int, int]:
    """Return the A-law byte of every sample in steps of eight."""
    nearest, place = {}, 0
    for step in range(-4096, 4096):
        sample = step << 3
        while place < 255 and abs(_DECODE[_BY_SAMPLE[place + 1]] - sample) <= abs(
            _DECODE[_BY_SAMPLE[place]] - sample
        ):
            place += 1
        nearest[step] = _BY_SAMPLE[place]
    return nearest


_ENCODE = _nearest()
