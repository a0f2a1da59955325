"""Announcements and hold music."""

import struct
import wave
from pathlib import Path

import pytest

from fernamt.daemons.configuration import load
from fernamt.daemons.progress import Progress
from fernamt.daemons.toolbox import Toolbox
from fernamt.exchange.asterisk.sounds import ESPEAK, LEVEL, SpeechFailed, compose_music, render
from fernamt.reception.rules import announcement_key


def test_the_music_is_quiet_and_as_long_in_both_forms(tmp_path: Path) -> None:
    compose_music(tmp_path)

    rate, samples = _read(tmp_path / "quiet.wav")
    assert rate == 8000
    assert 0.05 < max(map(abs, samples)) / 32768 <= LEVEL
    assert (tmp_path / "quiet.alaw").stat().st_size == len(samples)


async def test_an_announcement_is_spoken_once(tmp_path: Path) -> None:
    program = Toolbox(load(), Progress()).espeak()
    needs = [f"{name}={value}" for name, value in program.environment.items()]
    command = ["env", *needs, *program.command(*ESPEAK[1:])]

    key = await render("Guten  Tag", tmp_path, command=command)
    again = await render("Guten Tag", tmp_path, command=("no-such-program",))

    rate, samples = _read(tmp_path / f"{key}.wav")
    assert key == again == announcement_key("Guten Tag")
    assert rate == 8000
    assert len(samples) > 2000
    assert _names(tmp_path) == [f"{key}.wav"]


async def test_a_synthesiser_that_is_missing_has_a_name(tmp_path: Path) -> None:
    with pytest.raises(SpeechFailed):
        await render("Guten Tag", tmp_path, command=("no-such-program",))

    assert _names(tmp_path) == []


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _read(path: Path) -> tuple[int, tuple[int, ...]]:
    with wave.open(str(path)) as recording:
        frames = recording.readframes(recording.getnframes())
        assert (recording.getnchannels(), recording.getsampwidth()) == (1, 2)
        return recording.getframerate(), struct.unpack(f"<{len(frames) // 2}h", frames)
