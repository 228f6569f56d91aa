"""What the whole audit costs beside the bare engine on the same sound, in the same run, and how much memory
it takes.

    bench/overhead.py [RECORDING …] [--engine pocketsphinx|whisper] [--whisper NAME_OR_FOLDER | --random base]
                      [--rubric voice-en] [--memory MINUTES] [--json]

For PocketSphinx the bare engine is the recogniser alone, given the same windows of speech of the same decoded
sound. For Whisper it is faster-whisper's own batched pipeline with its own voice activity and windows, on
each channel. The audit is all of `comport audit` into a new store. Everything is run once before the clock
starts, so that nobody pays for loading. `--random` takes a model of true size with random weights
(`random_whisper.py`), which writes at most `RANDOM_TOKENS` tokens a window on both sides.

`ratio` and `own_s_per_audio_min` are of processor time (other work on the machine does not count),
`batched_ratio` is of the time on the clock: how long Comport's recognition with all its windows, guards and
words takes beside the bare pipeline. `peak_mb` is the most memory that the audit of one recording of
`--memory` minutes took, made by repeating the first one (0: not measured).
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from random_whisper import make

from audit.pipeline import audit_file, find_rubric
from audit.store import open_store
from models import media, speech
from models.activity import detect_activity
from models.perceiving import Listening
from models.recogniser import Recogniser
from models.sound import RATE_HZ, Sound, distinct
from models.whisper import Whisper

SAMPLES = Path(__file__).parent.parent / "samples"

RANDOM_TOKENS = 100
"""About what 30 s of speech give: 75 words."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recordings", nargs="*", type=Path, default=sorted(SAMPLES.glob("*.opus")))
    parser.add_argument("--engine", choices=["pocketsphinx", "whisper"], default="pocketsphinx")
    parser.add_argument("--whisper")
    parser.add_argument("--random", choices=["tiny", "base", "small"])
    parser.add_argument("--rubric", default="voice-en")
    parser.add_argument("--memory", type=float, default=0.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rubric = find_rubric(arguments.rubric)
    with tempfile.TemporaryDirectory() as folder:
        name, model = arguments.engine, arguments.whisper
        if arguments.random:
            name, model = "whisper", str(make(Path(folder) / "random", arguments.random))
        engine = speech.choose_engine(name, model, rubric.language)
        if arguments.random and isinstance(engine, Whisper):
            engine._model.max_length = RANDOM_TOKENS
        listening = Listening(rubric.language, name, model, hotwords=rubric.names)
        audio_min = audit_s = engine_s = clock_s = bare_clock_s = 0.0
        audit_file(arguments.recordings[0], [rubric], open_store(Path(folder) / "warm"), name, model)
        hear(engine, distinct(media.decode(arguments.recordings[0]).sound), listening)
        store = open_store(Path(folder) / "home")
        for path in arguments.recordings:
            sound = distinct(media.decode(path).sound)
            activity = detect_activity(sound)
            audio_min += sound.duration_s / 60
            cpu_s, wall_s = time.process_time(), time.perf_counter()
            hear(engine, sound, listening)
            bare_s, bare_wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
            wall_s = time.perf_counter()
            speech.transcribe(
                sound, activity if name == "pocketsphinx" else detect_activity(sound), engine, listening
            )
            clock_s, bare_clock_s = clock_s + time.perf_counter() - wall_s, bare_clock_s + bare_wall_s
            cpu_s = time.process_time()
            audit_file(path, [rubric], store, name, model)
            whole_s = time.process_time() - cpu_s
            print(f"{path.name}: engine {bare_s:.2f} s, audit {whole_s:.2f} s", flush=True)
            engine_s, audit_s = engine_s + bare_s, audit_s + whole_s
        peak_mb = peak_of(arguments, Path(folder), name, model) if arguments.memory else None
    figures = {
        "ratio": round(audit_s / engine_s, 3),
        "audit_s": round(audit_s, 2),
        "engine_s": round(engine_s, 2),
        "own_s_per_audio_min": round((audit_s - engine_s) / audio_min, 3),
        "batched_ratio": round(clock_s / bare_clock_s, 3),
        "peak_mb": peak_mb,
        "audio_min": round(audio_min, 2),
        "engine": engine.name,
    }
    print(json.dumps(figures) if arguments.json else figures)


def hear(engine: Recogniser, sound: Sound, listening: Listening) -> None:
    """The bare engine on all of the sound."""
    if not isinstance(engine, Whisper):
        for piece in speech.pieces_of(sound, detect_activity(sound)):
            engine.hear([piece.sound], listening.language)
        return
    for track in sound.read():
        segments, _ = engine._pipeline.transcribe(
            np.ascontiguousarray(track),
            language=listening.language,
            beam_size=5,
            word_timestamps=True,
            batch_size=8,
            hotwords=" ".join(listening.hotwords) or None,
        )
        list(segments)


def peak_of(arguments: argparse.Namespace, folder: Path, name: str, model: str | None) -> int:
    """The most memory, in MB, of a process that audits a recording of so many minutes."""
    path = folder / "long.wav"
    repeat(arguments.recordings[0], arguments.memory, path)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(
            audited_mb, (path, arguments.rubric, folder / "long", name, model, bool(arguments.random))
        )


def audited_mb(path: Path, rubric: str, home: Path, name: str, model: str | None, random: bool) -> int:
    if random:
        engine = speech.choose_engine(name, model, "en")
        engine._model.max_length = RANDOM_TOKENS  # type: ignore[attr-defined]
    audit_file(path, [find_rubric(rubric)], open_store(home), name, model)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def repeat(path: Path, minutes: float, to: Path) -> None:
    """The recording over and over as 16-bit WAV, so many minutes long."""
    import wave

    sound = media.decode(path).sound
    once = np.round(sound.read().T * 32767).astype("<i2").tobytes()
    with wave.open(str(to), "wb") as file:
        file.setnchannels(sound.channels)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        for _ in range(max(1, round(minutes * 60 / sound.duration_s))):
            file.writeframesraw(once)


if __name__ == "__main__":
    main()
