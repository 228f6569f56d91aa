"""A Whisper of true size with random weights: it hears nonsense, and takes as long as a trained one.

    bench/random_whisper.py FOLDER [--size tiny|base|small]

The tokenizer is that of the test model; the sizes are those of Radford et al. 2022, table 1.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

TEST_MODEL = Path(__file__).parent.parent / "tests" / "weights" / "whisper-test-en"

SIZES = {"tiny": (4, 384, 6), "base": (6, 512, 8), "small": (12, 768, 12)}
"""Layers of encoder and decoder, width, heads."""

MELS, POSITIONS, TOKENS = 80, 1500, 448


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", choices=sorted(SIZES), default="base")
    arguments = parser.parse_args()
    make(arguments.folder, arguments.size)


def make(folder: Path, size: str) -> Path:
    """Writes a CTranslate2 model of this size into `folder`, 8-bit, and gives the folder."""
    from ctranslate2.specs import WhisperSpec

    layers, width, heads = SIZES[size]
    spec = WhisperSpec(layers, heads, layers, heads)
    vocabulary = json.loads((TEST_MODEL / "vocabulary.json").read_text("utf-8"))
    dice = np.random.default_rng(7)

    def weights(*shape: int) -> np.ndarray:
        return dice.normal(0, 0.02, shape).astype(np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(width, np.float32), np.zeros(width, np.float32)

    def linear(layer: Any, out: int, into: int) -> None:
        layer.weight, layer.bias = weights(out, into), np.zeros(out, np.float32)

    def attention(layer: Any, *, own: bool) -> None:
        norm(layer.layer_norm)
        for part, out in zip(layer.linear, (3, 1) if own else (1, 2, 1), strict=True):
            linear(part, out * width, width)

    def feed_forward(layer: Any) -> None:
        norm(layer.layer_norm)
        linear(layer.linear_0, 4 * width, width)
        linear(layer.linear_1, width, 4 * width)

    for convolution, into in ((spec.encoder.conv1, MELS), (spec.encoder.conv2, width)):
        convolution.weight, convolution.bias = weights(width, into, 3), np.zeros(width, np.float32)
    spec.encoder.position_encodings.encodings = weights(POSITIONS, width)
    for layer in spec.encoder.layer:
        attention(layer.self_attention, own=True)
        feed_forward(layer.ffn)
    for layer in spec.decoder.layer:
        attention(layer.self_attention, own=True)
        attention(layer.attention, own=False)
        feed_forward(layer.ffn)
    norm(spec.encoder.layer_norm)
    norm(spec.decoder.layer_norm)
    spec.decoder.position_encodings.encodings = weights(TOKENS, width)
    spec.decoder.embeddings.weight = weights(len(vocabulary), width)
    spec.decoder.projection.weight = weights(len(vocabulary), width)
    spec.register_vocabulary(vocabulary)
    spec.config.alignment_heads = [(layers - 1, head) for head in range(heads)]
    settings = json.loads((TEST_MODEL / "config.json").read_text("utf-8"))
    spec.config.lang_ids = settings["lang_ids"]
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], settings["suppress_ids_begin"]
    spec.validate()
    spec.optimize(quantization="int8")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    for name in ("tokenizer.json", "preprocessor_config.json"):
        shutil.copy(TEST_MODEL / name, folder / name)
    return folder


if __name__ == "__main__":
    main()
