"""How recognition suffers from poor sound: the ground of the limits in `audit/voices.py`.

    bench/poor_sound.py DIR [--files 4] [--engine pocketsphinx|whisper] [--whisper NAME_OR_FOLDER] [--json]

DIR holds recordings with their exact words beside them (`NAME.ref.txt`, an optional `Name:` opening each
line). Each is made worse in steps (noise, clipping, faintness, a narrow band), heard, and its words are
compared with the exact ones. Beside the word errors stands what our own measures say of the sound.
"""

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from levels import sounding

from audit import voices
from audit.interactions import Role
from models import media, speech
from models.activity import detect_activity
from models.language import tokens_of
from models.perceiving import Listening
from models.recogniser import Recogniser
from models.sound import RATE_HZ, Sound

AUDIO = (".mp3", ".wav", ".opus", ".flac", ".ogg")

Samples = np.ndarray


def noisy(sound: Samples, snr_db: float) -> Samples:
    """With pink-ish room noise (white, falling 3 dB an octave) this far below the speech."""
    spectrum = np.fft.rfft(np.random.default_rng(7).normal(size=sound.shape), axis=1)
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(sound.shape[1], 1 / RATE_HZ), 50))
    noise = np.fft.irfft(spectrum, sound.shape[1], axis=1)
    loud = sound[np.abs(sound) > 0.02 * np.abs(sound).max()]
    level = np.sqrt(np.mean(loud**2)) * 10 ** (-snr_db / 20)
    return sound + noise * level / np.sqrt(np.mean(noise**2))


def clipped(sound: Samples, gain_db: float) -> Samples:
    """Brought to full scale, then turned up and cut off there."""
    return np.clip(sound / np.abs(sound).max() * 10 ** (gain_db / 20), -1, 1)


def faint(sound: Samples, peak_db: float) -> Samples:
    """With its peak this far below full scale, in steps of 16 bits."""
    return np.round(sound / np.abs(sound).max() * 10 ** (peak_db / 20) * 32768) / 32768


def narrow(sound: Samples, up_to_hz: float) -> Samples:
    spectrum = np.fft.rfft(sound, axis=1)
    spectrum[:, np.fft.rfftfreq(sound.shape[1], 1 / RATE_HZ) > up_to_hz] = 0
    return np.fft.irfft(spectrum, sound.shape[1], axis=1)


WORSE: tuple[tuple[str, Callable[[Samples, float], Samples], tuple[float, ...]], ...] = (
    ("noise", noisy, (60, 30, 20, 15, 10, 5, 0)),
    ("clipping", clipped, (0, 6, 12, 18, 24, 30)),
    ("faint", faint, (-20, -40, -50, -60, -70)),
    ("narrow", narrow, (3400, 2500, 2000, 1500, 1000)),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--engine", choices=["pocketsphinx", "whisper"], default="pocketsphinx")
    parser.add_argument("--whisper")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    engine = speech.choose_engine(arguments.engine, arguments.whisper, "en")
    calls = [_call(reference) for reference in sorted(arguments.folder.glob("*.ref.txt"))[: arguments.files]]
    figures: dict[str, float] = {"files": len(calls)}
    print("made worse by        word errors  probability  snr dB  clipped %  level dB")
    for name, worsen, amounts in WORSE:
        for amount in amounts:
            rows = [_try(engine, worsen(sound, amount), said) for sound, said in calls]
            errors, words = sum(r[0] for r in rows), sum(r[1] for r in rows)
            means = [np.mean([r[i] for r in rows if r[i] is not None] or [np.nan]) for i in range(2, 6)]
            print(
                f"{name:9} {amount:6g}     {errors / words:11.2f}  {means[0]:11.2f}"
                f"  {means[1]:6.1f}  {means[2]:9.2f}  {means[3]:8.1f}"
            )
            figures[f"errors_{name}_{amount:g}"] = round(errors / words, 3)
    print(json.dumps(figures) if arguments.json else figures)


def _call(reference: Path) -> tuple[Samples, list[str]]:
    stem = reference.name.removesuffix(".ref.txt")
    sound = next(p for s in AUDIO if (p := reference.with_name(stem + s)).exists())
    lines = reference.read_text().splitlines()
    said = [form for line in lines for form in tokens_of(re.sub(r"^\w+:", "", line), "en")]
    return media.decode(sound).sound.read().astype(float), said


def _try(
    engine: Recogniser, samples: Samples, said: list[str]
) -> tuple[float, int, float | None, float | None, float | None, float | None]:
    """(word errors, words, mean probability, signal to noise, clipped share, level) of one recording."""
    import jiwer

    sound = Sound.of(samples.astype(np.float32))
    activity = detect_activity(sound)
    utterances, _ = speech.transcribe(sound, activity, engine, Listening("en"))
    words = [word for utterance in utterances for word in utterance.words]
    heard = [form for word in words for form in tokens_of(word.text, "en")]
    errors = jiwer.wer(" ".join(said), " ".join(heard)) * len(said)
    spoken = sounding(sound, activity, {})
    asked = (spoken, Role.ANYONE, spoken.whole)
    probability = float(np.mean([w.probability for w in words])) if words else None
    return (
        errors,
        len(said),
        probability,
        voices.signal_to_noise(*asked),
        voices.clipped_share(*asked),
        voices.level(*asked),
    )


if __name__ == "__main__":
    main()
