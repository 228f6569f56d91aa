"""Makes the samples from their scripts: `python samples/make.py [NAME …]`.

Needs flite on the path. Everything it writes is kept in the repository, so that nobody else needs it.
"""

import json
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import yaml
from numpy.typing import NDArray

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"

RATE_HZ = 16_000
BIT_RATE = 36_000
"""Bits a second for both channels of Opus; below this the voices begin to leak into the other channel."""

LOUDEST = 0.5
"""Every voice is brought to this peak: flite's voices differ by a factor of three."""

AUDIBLE = 0.01
"""A sample louder than this belongs to speech; flite pads each text with something quieter."""

MARGIN_S = 0.08
"""Sound kept on both sides of what is audible: the "th" of "thank you" is quieter than that."""

SAME_VOICE_S, OTHER_VOICE_S, TAIL_S = 0.3, 0.6, 1.0
"""Pauses before a line of the same party, of the other party, and after the last line."""

ROLES = ("agent", "customer", "bot")


@dataclass(frozen=True)
class Line:
    """One line of a script where it came to lie, in seconds from the start."""

    role: str
    text: str
    mark: str
    start_s: float
    end_s: float


def main(names: list[str]) -> None:
    """Makes the named samples, or all of them."""
    for path in [SCRIPTS / f"{name}.yaml" for name in names] or sorted(SCRIPTS.glob("*.yaml")):
        script = yaml.safe_load(path.read_text("utf-8"))
        lines = MAKERS[script["facts"]["channel"]](path.stem, script)
        _write_yaml(HERE / f"{path.stem}.meta.yaml", script["facts"])
        _write_yaml(HERE / f"{path.stem}.truth.yaml", truth(script, lines))
        print(f"{path.stem}: {len(lines)} lines, {max(line.end_s for line in lines):.0f} s")


def make_call(name: str, script: dict[str, Any]) -> list[Line]:
    """The lines of a spoken script; writes `NAME.opus` and `NAME.vtt`."""
    lines: list[Line] = []
    spoken: list[NDArray[np.float32]] = []
    for row in script["lines"]:
        role, text = _said(row)
        voice = script["voices"][role]
        sound = speak(text, **voice)
        pause_s = SAME_VOICE_S if lines and lines[-1].role == role else OTHER_VOICE_S
        start_s = (lines[-1].end_s if lines else 0.0) + row.get("after", pause_s)
        lines.append(
            Line(role, text, row.get("mark", ""), start_s, start_s + len(sound) / RATE_HZ - 2 * MARGIN_S)
        )
        spoken.append(sound)
    side = (
        {"agent": 0, "customer": 1}
        if script.get("agent_side", "left") == "left"
        else {"agent": 1, "customer": 0}
    )
    duration_s = max(line.end_s for line in lines) + TAIL_S
    stereo = np.zeros((2, round(duration_s * RATE_HZ)), np.float32)
    for line, sound in zip(lines, spoken, strict=True):
        start = round((line.start_s - MARGIN_S) * RATE_HZ)
        stereo[side[line.role], start : start + len(sound)] += sound
    encode(HERE / f"{name}.opus", stereo)
    (HERE / f"{name}.vtt").write_text(webvtt(lines), "utf-8")
    return lines


def make_visit(name: str, script: dict[str, Any]) -> list[Line]:
    """The lines of a script that was filmed already, and what is seen, at their times; writes `NAME.vtt`."""
    lines = [Line(*_said(row), row.get("mark", ""), *row["at"]) for row in script["lines"]]
    (HERE / f"{name}.vtt").write_text(webvtt(lines), "utf-8")
    return [*lines, *(Line("", "", mark, *at) for mark, at in script["seen"].items())]


def speak(text: str, voice: str, stretch: float) -> NDArray[np.float32]:
    """The text as flite says it, at `RATE_HZ`, with `MARGIN_S` before and after what is audible."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        options = ["-voice", voice, "--setf", f"duration_stretch={stretch}"]
        subprocess.run(["flite", *options, "-t", text, "-o", file.name], check=True)
        with wave.open(file.name) as wav:
            if wav.getframerate() != RATE_HZ:
                raise SystemExit(f"voice {voice} has {wav.getframerate()} Hz; take one with {RATE_HZ} Hz")
            sound = np.frombuffer(wav.readframes(wav.getnframes()), np.int16).astype(np.float32)
    sound *= LOUDEST / np.abs(sound).max()
    audible = np.flatnonzero(np.abs(sound) > AUDIBLE)
    margin = round(MARGIN_S * RATE_HZ)
    padded = np.pad(sound, margin)
    return padded[audible[0] : audible[-1] + 1 + 2 * margin]


def encode(path: Path, stereo: NDArray[np.float32]) -> None:
    """Writes the sound, shape `(2, n)`, as Opus; the same sound always gives the same bytes."""
    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=RATE_HZ, layout="stereo")
        stream.bit_rate = BIT_RATE
        stream.options = {"application": "voip"}
        samples = np.round(stereo.T.reshape(1, -1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate = RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def webvtt(lines: list[Line]) -> str:
    """The script as it was spoken, one cue a line, in order of time."""
    cues = [
        f"{_clock(line.start_s)} --> {_clock(line.end_s)}\n<v {line.role.capitalize()}>{line.text}\n"
        for line in sorted(lines, key=lambda line: line.start_s)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def make_chat(name: str, script: dict[str, Any]) -> list[Line]:
    """The messages of a written script; writes `NAME.jsonl`."""
    start = datetime.fromisoformat(script["facts"]["started_at"])
    lines: list[Line] = []
    written: list[str] = []
    for row in script["lines"]:
        role, text = _said(row)
        at_s = (lines[-1].start_s if lines else 0.0) + row.get("after", 0)
        lines.append(Line(role, text, row.get("mark", ""), at_s, at_s))
        message = {
            "at": (start + timedelta(seconds=at_s)).isoformat(),
            "from": role,
            "name": script["names"][role],
            "text": text,
        }
        written.append(json.dumps(message, ensure_ascii=False))
    (HERE / f"{name}.jsonl").write_text("\n".join(written) + "\n", "utf-8")
    return lines


def truth(script: dict[str, Any], lines: list[Line]) -> dict[str, Any]:
    """The verdicts a person gave, with the marked lines turned into times.

    A verdict stands alone, with the mark of the line that decides it, or with the marks of the first and
    the last line of the stretch that does.
    """
    marked = {line.mark: line for line in lines if line.mark}
    verdicts: dict[str, Any] = {}
    for standard, told in script["truth"].items():
        verdict, *marks = [told] if isinstance(told, str) else told
        verdicts[standard] = {"verdict": verdict}
        if marks:
            at = (marked[marks[0]].start_s, marked[marks[-1]].end_s)
            verdicts[standard]["at"] = [round(time_s, 3) for time_s in at]
    return {"rubric": script["rubric"], "standards": verdicts}


def _said(row: dict[str, Any]) -> tuple[str, str]:
    role = next(role for role in ROLES if role in row)
    return role, row[role]


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(round(time_s, 3), 60)
    return f"00:{int(minutes):02}:{seconds:06.3f}"


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    # A row of numbers or a lone verdict stays on its line; the facts themselves stand one below the other.
    compact = None if "standards" in content else False
    written = yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, width=110, default_flow_style=compact
    )
    path.write_text(written, "utf-8")


MAKERS = {"call": make_call, "chat": make_chat, "email": make_chat, "in_person": make_visit}
"""What makes the sample of each channel."""

if __name__ == "__main__":
    main(sys.argv[1:])
