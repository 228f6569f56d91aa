"""How right the measures of sound are: on sound whose truth is known, and on speech without tones or music.

    bench/levels.py [RECORDING …] [--json]

Loudness is tried on sines (997 Hz, EBU Tech 3341), pitch on sawtooths, noise on known mixes, keys, tones and
music on made-up ones over noise; RECORDINGs (the samples, if none is given) hold none of these, so that every
key, tone or stretch of music found in them is a false alarm.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from audit import voices
from audit.interactions import Channel, Conversation, Role, Roles
from audit.speakers import Speakers
from models import media, voice
from models.activity import detect_activity
from models.observations import Activity, Levels, Observed, Provenance, Recording, gather, span
from models.phrases import Phrases
from models.sound import RATE_HZ, Sound, distinct

SAMPLES = Path(__file__).parent.parent / "samples"

KEYS = [(row, column) for row in (697, 770, 852, 941) for column in (1209, 1336, 1477)]
"""The twelve keys of a telephone, in Hz."""

Samples = np.ndarray
Speech = tuple[tuple[tuple[float, float], ...], ...]
"""When each channel speaks."""


def seconds(length_s: float) -> Samples:
    return np.arange(round(length_s * RATE_HZ)) / RATE_HZ


def sine(length_s: float, *hz: float, db: float = -20.0) -> Samples:
    """Sines together; `db` is the peak of each below full scale."""
    return np.asarray(10 ** (db / 20) * sum(np.sin(2 * np.pi * f * seconds(length_s)) for f in hz))


def noise(length_s: float, rms: float) -> Samples:
    return np.random.default_rng(5).normal(0, rms, round(length_s * RATE_HZ))


def quiet(length_s: float) -> Samples:
    return np.zeros(round(length_s * RATE_HZ))


def sawtooth(length_s: float, hz: float) -> Samples:
    """What a voice of this pitch is made of, up to 3500 Hz."""
    t = seconds(length_s)
    return np.asarray(0.2 * sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, int(3500 / hz))))


def music(length_s: float, root_hz: float = 220.0, beat_s: float = 0.5) -> Samples:
    """Broken chords with overtones that fade."""
    sound = quiet(length_s)
    for beat in range(int(length_s / beat_s)):
        chord = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7))[beat // 4 % 4]
        for step in chord if beat % 4 == 0 else (chord[beat % 3] + 12,):
            t = seconds(min((4 if beat % 4 == 0 else 1) * beat_s, length_s - beat * beat_s))
            fades = np.exp(-1.5 * t) * np.minimum(1, t / 0.01)
            note = sum(np.sin(2 * np.pi * root_hz * 2 ** (step / 12) * k * t) / k for k in (1, 2, 3, 4))
            start = round(beat * beat_s * RATE_HZ)
            sound[start : start + len(t)] += 0.06 * fades * note
    return sound


def keyed(press_s: float, noise_db: float) -> Samples:
    """Every key once, over white noise this far below the level of one of its two tones."""
    sound = np.concatenate(
        [part for key in KEYS for part in (quiet(0.13), sine(press_s, *key))] + [quiet(0.5)]
    )
    return sound + noise(len(sound) / RATE_HZ + 1, 0.1 * 10 ** (-noise_db / 20))[: len(sound)]


def heard(*channels: Samples) -> tuple[Levels, ...]:
    return voice.levels(Sound.of(np.stack(channels).astype(np.float32)), ())


def conversing(*channels: Samples, speech: Speech) -> Conversation:
    """The agent on the first channel and the customer on the second, speaking at these times."""
    sound = Sound.of(np.stack(channels).astype(np.float32))
    activity = tuple(
        Activity(f"channel-{c}", tuple(span(*s) for s in spans)) for c, spans in enumerate(speech)
    )
    return sounding(sound, activity, {"channel-0": Role.AGENT, "channel-1": Role.CUSTOMER})


def sounding(sound: Sound, activity: tuple[Activity, ...], roles: dict[str, Role]) -> Conversation:
    """A conversation of which only the sound is known."""
    answers = (
        Observed("", Provenance("activity", "given", "", "", ()), activity=activity),
        Observed("", Provenance("levels", "praat", "", "", ()), levels=voice.levels(sound, activity)),
    )
    seen = gather(Recording("", sound.duration_s, sound.channels, RATE_HZ, ""), answers, ())
    speakers = Speakers(Channel.CALL, seen, Phrases("en", {}))
    return Conversation(Channel.CALL, seen, Roles(tuple(roles.items()), "given", 1.0), speakers)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recordings", nargs="*", type=Path, default=sorted(SAMPLES.glob("*.opus")))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = {**known(), **false_alarms(arguments.recordings)}
    print(json.dumps(figures) if arguments.json else "\n".join(f"{k}: {v}" for k, v in figures.items()))


def known() -> dict[str, float]:
    """Errors on sound whose truth is known, the largest of each kind, and shares found."""
    loudness, pitch, ratio = [], [], []
    for db in (-20, -23, -33, -40):
        spoken = conversing(sine(20, 997, db=db), speech=(((0, 20),),))
        loudness.append(abs((voices.loudness(spoken, Role.AGENT, spoken.whole) or 0) - (db - 3.01)))
    for hz in (80, 120, 210, 300):
        spoken = conversing(sawtooth(5, hz), speech=(((0, 5),),))
        pitch.append(abs(float(np.median(voices.pitches(spoken, Role.AGENT, spoken.whole))) / hz - 1))
    rms = float(np.sqrt(np.mean(sawtooth(10, 150) ** 2)))
    for db in (0, 5, 10, 20, 30):
        sound = np.concatenate([quiet(3), sawtooth(10, 150), quiet(3)]) + noise(16, rms * 10 ** (-db / 20))
        spoken = conversing(sound, speech=(((3, 13),),))
        ratio.append(abs((voices.signal_to_noise(spoken, Role.AGENT, spoken.whole) or 0) - db))
    figures = {
        "loudness_error_lu": round(max(loudness), 3),
        "pitch_error_share": round(max(pitch), 4),
        "signal_to_noise_error_db": round(max(ratio), 2),
    }
    for press_s in (0.06, 0.08, 0.1, 0.15):
        for db in (20, 10):
            found = len(heard(keyed(press_s, db))[0].keys) / len(KEYS)
            figures[f"keys_of_{press_s:g}_s_at_{db}_db"] = round(found, 2)
    for db in (60, 20, 10, 5):
        pieces = [music(30, root, beat) for root in (165, 220, 294) for beat in (0.4, 0.6)]
        level = [float(np.sqrt(np.mean(piece**2))) * 10 ** (-db / 20) for piece in pieces]
        found = [
            sum(s.duration_s for s in heard(piece + noise(30, rms))[0].music) / 30
            for piece, rms in zip(pieces, level, strict=True)
        ]
        figures[f"music_at_{db}_db"] = round(float(np.mean(found)), 2)
    return figures


def false_alarms(recordings: list[Path]) -> dict[str, float]:
    """What is found in recordings that hold nothing of the kind, and the processor time that it takes."""
    keys = tones = music_s = all_s = cpu_s = 0.0
    for path in recordings:
        sound = distinct(media.decode(path).sound)
        activity = detect_activity(sound)
        started_s = time.process_time()
        found = voice.levels(sound, activity)
        cpu_s += time.process_time() - started_s
        all_s += sound.duration_s
        keys += sum(len(one.keys) for one in found)
        tones += sum(len(one.tones) for one in found)
        music_s += sum(s.duration_s for one in found for s in one.music)
    return {
        "minutes": round(all_s / 60, 1),
        "false_keys": keys,
        "false_tones": tones,
        "false_music_s": round(music_s, 1),
        "cpu_s_per_audio_min": round(cpu_s / (all_s / 60), 3),
    }


if __name__ == "__main__":
    main()
