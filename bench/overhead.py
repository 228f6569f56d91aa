"""What the whole audit costs beside the bare engine on the same sound, in the same run.

    bench/overhead.py [RECORDING …] [--engine pocketsphinx|whisper] [--whisper NAME_OR_FOLDER] [--json]

The bare engine is the recogniser alone, given the same windows of speech of the same decoded sound: no
reading, no voice activity, no judging, no storing. The audit is all of `comport audit` into a new store.
Both are run once before the clock starts, so that neither pays for loading. Times are processor time of
this process: other work on the machine does not count.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from audit.pipeline import audit_file, find_rubric
from audit.store import open_store
from models import media, speech
from models.sound import distinct

SAMPLES = Path(__file__).parent.parent / "samples"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recordings", nargs="*", type=Path, default=sorted(SAMPLES.glob("*.opus")))
    parser.add_argument("--engine", choices=["pocketsphinx", "whisper"], default="pocketsphinx")
    parser.add_argument("--whisper")
    parser.add_argument("--rubric", default="voice-en")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rubric = find_rubric(arguments.rubric)
    engine = speech.choose_engine(arguments.engine, arguments.whisper, rubric.language)
    audio_min = audit_s = engine_s = 0.0
    with tempfile.TemporaryDirectory() as folder:
        warm = open_store(Path(folder) / "warm")
        audit_file(arguments.recordings[0], [rubric], warm, arguments.engine, arguments.whisper)
        store = open_store(Path(folder) / "home")
        for path in arguments.recordings:
            sound = distinct(media.decode(path).sound)
            activity = speech.detect_activity(sound)
            audio_min += sound.duration_s / 60
            started_s = time.process_time()
            for piece in speech.pieces_of(sound, activity):
                engine.hear(piece.sound)
            bare_s = time.process_time() - started_s
            started_s = time.process_time()
            audit_file(path, [rubric], store, arguments.engine, arguments.whisper)
            whole_s = time.process_time() - started_s
            print(f"{path.name}: engine {bare_s:.2f} s, audit {whole_s:.2f} s")
            engine_s, audit_s = engine_s + bare_s, audit_s + whole_s
    figures = {
        "ratio": round(audit_s / engine_s, 3),
        "audit_s": round(audit_s, 2),
        "engine_s": round(engine_s, 2),
        "own_s_per_audio_min": round((audit_s - engine_s) / audio_min, 3),
        "audio_min": round(audio_min, 2),
        "engine": engine.name,
    }
    print(json.dumps(figures) if arguments.json else figures)


if __name__ == "__main__":
    main()
