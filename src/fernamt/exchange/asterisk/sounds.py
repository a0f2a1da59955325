"""Announcements spoken by a synthesiser, and hold music of our own."""

import asyncio
import itertools
import math
import os
import shutil
import struct
import tempfile
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

from fernamt.core.errors import WorldFault
from fernamt.reception.rules import announcement_key

RATE = 8_000
"""Samples a second: what telephones carry."""
LEVEL = 0.2
"""Of full scale; louder tones distort where several are mixed."""
ESPEAK = ("espeak-ng", "-v", "de", "-s", "150", "-w", "{file}", "--stdin")
"""The synthesiser: reads the text from standard input, writes a wave file to {file}."""


class SpeechFailed(WorldFault):
    """The speech synthesiser did not make an announcement out of the text."""

    code = "speech-failed"


async def render(text: str, folder: Path, *, command: Sequence[str] = ESPEAK) -> str:
    """Speak *text* into *folder* unless it is there already; return its key.

    Args:
        text: What to say.
        folder: Where announcements lie, ``<key>.wav``; it must be there.
        command: Another synthesiser, called like ESPEAK.

    Raises:
        SpeechFailed: If the synthesiser is missing or fails.
    """
    key = announcement_key(text)
    path = folder / f"{key}.wav"
    if not await asyncio.to_thread(path.exists):
        scratch = await asyncio.to_thread(tempfile.mkdtemp, dir=folder, prefix=".")
        try:
            spoken = Path(scratch) / "spoken.wav"
            await _speak(text, [part.replace("{file}", str(spoken)) for part in command])
            await asyncio.to_thread(_finish, spoken, path)
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch)
    return key


def compose_music(folder: Path) -> None:
    """Write the hold music into *folder* unless it is there already: quiet broken chords.

    As A-law, too: carriers speak it, so that two hundred waiting callers cost no
    transcoding.
    """
    if (folder / "quiet.wav").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    samples = list(_music())
    for name, save in (("quiet.alaw", _write_alaw), ("quiet.wav", _write)):
        draft = folder / f".{name}.{os.getpid()}"
        save(draft, samples)
        draft.replace(folder / name)


async def _speak(text: str, command: Sequence[str]) -> None:
    try:
        synthesiser = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise SpeechFailed(command=command[0], reason=error.strerror) from error
    async with asyncio.timeout(60):
        _, complaint = await synthesiser.communicate(text.encode())
    if synthesiser.returncode:
        raise SpeechFailed(command=command[0], reason=complaint.decode(errors="replace")[:200])


def _finish(spoken: Path, path: Path) -> None:
    finished = spoken.with_name("finished.wav")
    _write(finished, _at_telephone_rate(spoken))
    finished.replace(path)


def _at_telephone_rate(path: Path) -> list[int]:
    """Return the samples of a mono 16-bit wave file at 8 kHz, loud enough and not too loud."""
    with wave.open(str(path)) as recording:
        rate, count = recording.getframerate(), recording.getnframes()
        frames = recording.readframes(count)
    source = struct.unpack(f"<{len(frames) // 2}h", frames[: len(frames) // 2 * 2])
    if not source:
        raise SpeechFailed(command=path.name, reason="nothing was said")
    step = rate / RATE
    half = max(1, int(step / 2))
    resampled = []
    for number in range(int(len(source) / step)):
        centre = int(number * step)
        window = source[max(0, centre - half) : centre + half + 1]
        resampled.append(sum(window) / len(window))
    loudest = max(1.0, *(abs(sample) for sample in resampled))
    return [int(sample * 0.6 * 32767 / loudest) for sample in resampled]


def _music() -> Iterator[int]:
    """Yield some 38 s: eight chords, each of eight plucked notes that ring on."""
    chords = (
        (261.63, 329.63, 392.00, 493.88),
        (220.00, 261.63, 329.63, 392.00),
        (174.61, 220.00, 261.63, 329.63),
        (196.00, 246.94, 293.66, 392.00),
        (261.63, 329.63, 392.00, 523.25),
        (164.81, 246.94, 329.63, 392.00),
        (174.61, 261.63, 349.23, 440.00),
        (196.00, 293.66, 392.00, 440.00),
    )
    order = (0, 1, 2, 3, 2, 1, 2, 1)
    beat = int(0.6 * RATE)
    ringing = 3
    notes = [chord[place] for chord in chords for place in order]
    plucked = {note: _pluck(note, beat * ringing) for note in set(notes)}
    for number in range(len(notes)):
        sounding = [plucked[notes[number - age]] for age in range(ringing)]
        for offset in range(beat):
            total = sum(tone[age * beat + offset] for age, tone in enumerate(sounding))
            yield int(32767 * LEVEL * total / ringing)


def _pluck(frequency: float, length: int) -> list[float]:
    """Return one note, -1 to 1: soft attack, overtones that fade first."""
    return [
        min(1.0, sample / 120)
        * (1 - sample / length)
        * math.exp(-2.2 * sample / RATE)
        * (
            0.75 * math.sin(2 * math.pi * frequency * sample / RATE)
            + 0.25
            * math.exp(-3.0 * sample / RATE)
            * math.sin(4 * math.pi * frequency * sample / RATE)
        )
        for sample in range(length)
    ]


def _write(path: Path, samples: Sequence[int]) -> None:
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE)
        recording.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def _write_alaw(path: Path, samples: Sequence[int]) -> None:
    path.write_bytes(bytes(_alaw(sample) for sample in samples))


def _alaw(sample: int) -> int:
    """Return one 16-bit sample as G.711 A-law."""
    sign, magnitude = (0x80, sample >> 3) if sample >= 0 else (0, (-sample - 1) >> 3)
    magnitude = min(magnitude, 0xFFF)
    segment = next(
        number for number in itertools.count() if magnitude < (0x20 << number) or number == 7
    )
    mantissa = (magnitude >> 1) & 0xF if segment == 0 else (magnitude >> segment) & 0xF
    return (sign | segment << 4 | mantissa) ^ 0x55
