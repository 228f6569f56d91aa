"""The sentence encoder's ONNX graph, made from the weights that its makers publish."""

import io
import json
import math
import struct
import zipfile
from typing import Any

from models.onnx_form import INT64, integer, integers, model, node, real, tensor, value

HIDDEN, HEADS, LAYERS = 384, 12, 6
"""Source: config.json of all-MiniLM-L6-v2."""

EPSILON = 1e-12
"""Source: layer_norm_eps there."""


def sentence_onnx(packed: bytes) -> bytes:
    """Bytes of the ONNX form of a packed all-MiniLM-L6-v2 (a zip with model.safetensors and tokenizer.json).

    input_ids and attention_mask, int64 (batch, tokens) -> last_hidden_state (batch, tokens, 384). The
    tokenizer goes with it, as the note `tokenizer`. Source of the graph: BERT as transformers' modeling_bert
    runs it, where every sentence is of token type 0.
    """
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        weights = memoryview(archive.read("model.safetensors"))
        tokeniser = archive.read("tokenizer.json").decode()
    graph = _Graph(weights)
    graph.embed()
    for layer in range(LAYERS):
        graph.layer(f"encoder.layer.{layer}")
    graph.nodes.append(node("Identity", [graph.at], ["last_hidden_state"]))
    return model(
        "sentence_encoder",
        graph.nodes,
        graph.tensors,
        [value(name, "batch", "tokens", kind=INT64) for name in ("input_ids", "attention_mask")],
        [value("last_hidden_state", "batch", "tokens", HIDDEN)],
        (("tokenizer", tokeniser),),
    )


class _Graph:
    """Nodes one after the other; `at` is the tensor that the last one made."""

    def __init__(self, weights: memoryview) -> None:
        (length,) = struct.unpack("<Q", weights[:8])
        self._about: dict[str, Any] = json.loads(bytes(weights[8 : 8 + length]))
        self._data = weights[8 + length :]
        self.nodes: list[bytes] = []
        self.tensors: list[bytes] = []
        self.at = ""

    def _weight(self, name: str) -> str:
        begin, end = self._about[name]["data_offsets"]
        self.tensors.append(tensor(name, tuple(self._about[name]["shape"]), bytes(self._data[begin:end])))
        return name

    def _number(self, name: str, *numbers: float) -> str:
        self.tensors.append(tensor(name, (), struct.pack("<f", *numbers)))
        return name

    def _whole(self, name: str, *numbers: int) -> str:
        self.tensors.append(tensor(name, (len(numbers),), struct.pack(f"<{len(numbers)}q", *numbers), INT64))
        return name

    def _do(self, operator: str, inputs: list[str], out: str, *attributes: bytes) -> str:
        self.nodes.append(node(operator, inputs, [out], *attributes))
        return out

    def _linear(self, x: str, name: str, out: str) -> str:
        turned = self._do(
            "Transpose", [self._weight(f"{name}.weight")], f"{out}.turned", integers("perm", 1, 0)
        )
        product = self._do("MatMul", [x, turned], f"{out}.product")
        return self._do("Add", [product, self._weight(f"{name}.bias")], out)

    def _norm(self, x: str, name: str, out: str) -> str:
        scale, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self._do(
            "LayerNormalization", [x, scale, bias], out, integer("axis", -1), real("epsilon", EPSILON)
        )

    def embed(self) -> None:
        """Words, places and type 0 added up; and what masks the padding."""
        for name, number in (("one", 1.0), ("half", 0.5), ("root2", math.sqrt(2)), ("far", -1e9)):
            self._number(name, number)
        self._number("root", math.sqrt(HIDDEN // HEADS))
        self._whole("split", 0, 0, HEADS, HIDDEN // HEADS)
        self._whole("join", 0, 0, HIDDEN)
        self._whole("first", 0)
        self._whole("second", 1)
        self._whole("middle", 1, 2)
        words = self._do("Gather", [self._weight("embeddings.word_embeddings.weight"), "input_ids"], "words")
        length = self._do("Shape", ["input_ids"], "length", integer("start", 1), integer("end", 2))
        all_places = self._weight("embeddings.position_embeddings.weight")
        places = self._do("Slice", [all_places, "first", length], "places")
        all_types = self._weight("embeddings.token_type_embeddings.weight")
        kind = self._do("Slice", [all_types, "first", "second"], "kind")
        both = self._do("Add", [words, places], "words.placed")
        self.at = self._norm(self._do("Add", [both, kind], "words.typed"), "embeddings.LayerNorm", "embedded")
        mask = self._do("Cast", ["attention_mask"], "mask.real", integer("to", 1))
        away = self._do("Sub", ["one", mask], "mask.away")
        hidden = self._do("Mul", [away, "far"], "mask.far")
        self._do("Unsqueeze", [hidden, "middle"], "mask")

    def layer(self, name: str) -> None:
        """Attention, then two dense layers, each added to what came in."""
        x, attention = self.at, f"{name}.attention"
        heads = []
        for part, turn in (("query", (0, 2, 1, 3)), ("key", (0, 2, 3, 1)), ("value", (0, 2, 1, 3))):
            dense = self._linear(x, f"{attention}.self.{part}", f"{name}.{part}")
            split = self._do("Reshape", [dense, "split"], f"{name}.{part}.split")
            heads.append(self._do("Transpose", [split], f"{name}.{part}.heads", integers("perm", *turn)))
        product = self._do("MatMul", heads[:2], f"{name}.product")
        scaled = self._do("Div", [product, "root"], f"{name}.scaled")
        masked = self._do("Add", [scaled, "mask"], f"{name}.masked")
        shares = self._do("Softmax", [masked], f"{name}.shares", integer("axis", -1))
        seen = self._do("MatMul", [shares, heads[2]], f"{name}.seen")
        turned = self._do("Transpose", [seen], f"{name}.seen.turned", integers("perm", 0, 2, 1, 3))
        joined = self._do("Reshape", [turned, "join"], f"{name}.joined")
        out = self._linear(joined, f"{attention}.output.dense", f"{name}.attended")
        added = self._do("Add", [out, x], f"{name}.attended.added")
        x = self._norm(added, f"{attention}.output.LayerNorm", f"{name}.first")
        wide = self._gelu(self._linear(x, f"{name}.intermediate.dense", f"{name}.wide"))
        narrow = self._linear(wide, f"{name}.output.dense", f"{name}.narrow")
        self.at = self._norm(
            self._do("Add", [narrow, x], f"{name}.narrow.added"), f"{name}.output.LayerNorm", f"{name}.second"
        )

    def _gelu(self, x: str) -> str:
        share = self._do("Erf", [self._do("Div", [x, "root2"], f"{x}.reduced")], f"{x}.erf")
        half = self._do("Mul", [x, "half"], f"{x}.half")
        return self._do("Mul", [half, self._do("Add", [share, "one"], f"{x}.share")], f"{x}.gelu")
