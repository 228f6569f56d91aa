"""Fits how likely a PocketSphinx word is right to its acoustic score per frame (`models.speech`).

    bench/sphinx_probability.py DIR [--files 12] [--json]

DIR holds recordings with their exact words beside them (`NAME.ref.txt`, an optional `Name:` opening each
line). Each is heard as it is and over a bad line (300-3400 Hz, white noise at 10 and 0 dB), because clean
sound alone would not show what bad hearing looks like. Hypothesis and reference are aligned word by word;
words of the hypothesis that agree are right.
"""

import argparse
import difflib
import json
import re
from pathlib import Path

import numpy as np

from models import media, speech
from models.activity import detect_activity
from models.language import tokens_of
from models.sound import RATE_HZ, Sound
from models.sphinx import PocketSphinx

AUDIO = (".mp3", ".wav", ".opus", ".flac", ".ogg")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    references = sorted(arguments.folder.glob("*.ref.txt"))[: arguments.files]
    rows: list[tuple[float, float]] = []
    right: list[bool] = []
    errors = words = 0
    for reference in references:
        stem = reference.name.removesuffix(".ref.txt")
        sound = next(p for s in AUDIO if (p := reference.with_name(stem + s)).exists())
        said = [
            w
            for line in reference.read_text().splitlines()
            for w in tokens_of(re.sub(r"^\w+:", "", line), "en")
        ]
        for noise_db in (None, 10.0, 0.0):
            heard = hear(worsen(media.decode(sound).sound.read(), noise_db))
            matcher = difflib.SequenceMatcher(None, [w for w, *_ in heard], said, autojunk=False)
            agree = {a + k for a, _, n in matcher.get_matching_blocks() for k in range(n)}
            mean = float(np.mean([m for _, m, _ in heard]))
            line = "clean" if noise_db is None else f"{noise_db:.0f} dB"
            print(f"{stem[:8]} {line}: score {mean:.2f}, right {len(agree) / len(heard):.2f}")
            rows += [(mean, score - mean) for _, mean, score in heard]
            right += [i in agree for i in range(len(heard))]
            errors += max(len(heard), len(said)) - len(agree)
            words += len(said)
    y = np.array(right, float)
    design = np.column_stack([np.ones(len(rows)), np.array(rows)])
    beta = fit(design, y)
    p = 1 / (1 + np.exp(-design @ beta))
    print("probability  words  right")
    for low in np.arange(0, 1, 0.1):
        chosen = (p >= low) & (p < low + 0.1)
        if chosen.any():
            print(f"{low:.1f}-{low + 0.1:.1f}      {chosen.sum():5}  {y[chosen].mean():.2f}")
    figures = {
        "files": len(references),
        "words": int(words),
        "word_errors_share": round(errors / words, 3),
        "offset": round(float(beta[0]), 2),
        "by_mean": round(float(beta[1]), 2),
        "by_word": round(float(beta[2]), 2),
    }
    print(json.dumps(figures) if arguments.json else figures)


def worsen(sound: np.ndarray, noise_db: float | None) -> np.ndarray:
    """The sound over a telephone line with white noise this far below the speech; None leaves it as it is."""
    if noise_db is None:
        return sound
    spectrum = np.fft.rfft(sound, axis=1)
    hertz = np.fft.rfftfreq(sound.shape[1], 1 / RATE_HZ)
    narrow = np.fft.irfft(spectrum * ((hertz > 300) & (hertz < 3400)), sound.shape[1], axis=1)
    level = np.sqrt(np.mean(narrow**2)) * 10 ** (-noise_db / 20)
    return (narrow + np.random.default_rng(7).normal(0, level, narrow.shape)).astype(np.float32)


def hear(samples: np.ndarray) -> list[tuple[str, float, float]]:
    """Each recognised word with the mean score of its window and its own."""
    engine, sound = PocketSphinx(), Sound.of(samples)
    found: list[tuple[str, float, float]] = []
    for piece in speech.pieces_of(sound, detect_activity(sound)):
        heard = engine.hear_scored(piece.sound)
        mean = float(np.mean([score for *_, score in heard])) if heard else 0.0
        found += [(form, mean, score) for _, word, score in heard for form in tokens_of(word, "en")]
    return found


def fit(design: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The coefficients of a logistic regression, by Newton's method."""
    beta = np.zeros(design.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-design @ beta))
        beta += np.linalg.solve(design.T @ (design * (p * (1 - p))[:, None]), design.T @ (y - p))
    return beta


if __name__ == "__main__":
    main()
