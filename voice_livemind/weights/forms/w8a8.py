"""Hugging Face folder with 8-bit weights and activations, which vLLM multiplies fastest on a CPU, from Qwen2 in GGUF.

Weights: int8, one scale a row, rounded to the nearest. Activations are quantised as they come, one scale a token.
The embedding and the output stay bfloat16. Format: compressed-tensors `int-quantized`. Always the same bytes.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from gguf import GGUFReader, ReaderTensor

from voice_livemind.weights.forms.rows import rows_of
from voice_livemind.weights.forms.safetensors import Entry, bfloat16, writing
from voice_livemind.weights.forms.tokenizer import write_tokenizer

_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_LARGEST = 127

_INT8 = {"num_bits": 8, "type": "int", "symmetric": True}
_QUANTISATION = {
    "quant_method": "compressed-tensors",
    "format": "int-quantized",
    "quantization_status": "compressed",
    "ignore": ["lm_head"],
    "config_groups": {
        "group_0": {
            "targets": ["Linear"],
            "weights": _INT8 | {"strategy": "channel", "dynamic": False},
            "input_activations": _INT8 | {"strategy": "token", "dynamic": True},
        }
    },
}


@dataclass(frozen=True)
class _Tensor:
    name: str
    """As Hugging Face calls it."""
    source: ReaderTensor
    is_quantised: bool

    @property
    def entries(self) -> list[Entry]:
        shape = [int(size) for size in reversed(self.source.shape)]
        if not self.is_quantised:
            return [Entry(self.name, "BF16", shape)]
        return [Entry(self.name, "I8", shape), Entry(f"{self.name}_scale", "F32", [shape[0], 1])]

    def write(self, stream: BinaryIO) -> None:
        if not self.is_quantised:
            for rows in rows_of(self.source):
                stream.write(bfloat16(rows))
            return
        scales = []
        for rows in rows_of(self.source):
            scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True) / np.float32(_LARGEST), np.float32(1e-12))
            stream.write(np.rint(rows / scale).astype(np.int8).tobytes())
            scales.append(scale)
        stream.write(np.concatenate(scales).tobytes())


def convert(source: Path, folder: Path) -> None:
    """Writes the form of `source` into `folder`. Raises ValueError for another architecture than Qwen2."""
    reader = GGUFReader(source)
    architecture = _value(reader, "general.architecture")
    if architecture != "qwen2":
        raise ValueError(f"{source.name} is of architecture {architecture}, only qwen2 can be brought into this form")
    tied = _is_tied(reader)
    tensors = list(_tensors(reader, tied))
    with writing(folder / "model.safetensors", [entry for tensor in tensors for entry in tensor.entries]) as stream:
        for tensor in tensors:
            tensor.write(stream)
    _write(folder / "config.json", _config(reader, tied))
    _write(folder / "generation_config.json", {"eos_token_id": _stops(reader), "do_sample": False})
    write_tokenizer(reader, folder)


def _tensors(reader: GGUFReader, tied: bool) -> Iterator[_Tensor]:
    for tensor in reader.tensors:
        *place, part, suffix = tensor.name.split(".")
        if place:
            yield _Tensor(f"model.layers.{place[1]}.{_LAYER[part]}.{suffix}", tensor, tensor.data.ndim > 1)
        elif not tied:
            yield _Tensor(f"{_OUTSIDE[part]}.{suffix}", tensor, False)
        elif part != "token_embd":
            # GGUF holds what is one matrix twice then, and the output at the higher precision.
            yield _Tensor(f"{_OUTSIDE['token_embd' if part == 'output' else part]}.{suffix}", tensor, False)


def _is_tied(reader: GGUFReader) -> bool:
    """Whether embedding and output are one matrix, but for what quantising each took from it (4 and 7 % were seen)."""
    embedding, output = (
        next((next(rows_of(tensor)) for tensor in reader.tensors if tensor.name == name), None)
        for name in ("token_embd.weight", "output.weight")
    )
    if embedding is None or output is None:
        raise ValueError("the file lacks its embedding or its output")
    return bool(np.linalg.norm(embedding - output) < 0.2 * np.linalg.norm(output))


def _config(reader: GGUFReader, tied: bool) -> dict[str, Any]:
    def number(key: str) -> Any:
        return _value(reader, f"qwen2.{key}")

    heads, width = number("attention.head_count"), number("embedding_length")
    return {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_act": "silu",
        "hidden_size": width,
        "intermediate_size": number("feed_forward_length"),
        "num_hidden_layers": number("block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": number("attention.head_count_kv"),
        "max_position_embeddings": number("context_length"),
        # Written out to six digits: float32 in GGUF, where one millionth is 9.99999997e-07.
        "rms_norm_eps": float(f"{number('attention.layer_norm_rms_epsilon'):.6g}"),
        "rope_theta": number("rope.freq_base"),
        "vocab_size": len(_value(reader, "tokenizer.ggml.tokens")),
        "bos_token_id": _value(reader, "tokenizer.ggml.bos_token_id"),
        "eos_token_id": _value(reader, "tokenizer.ggml.eos_token_id"),
        "tie_word_embeddings": tied,
        "use_sliding_window": False,
        "torch_dtype": "bfloat16",
        "quantization_config": _QUANTISATION,
    }


def _stops(reader: GGUFReader) -> list[int]:
    """Tokens that end an answer: of a message, and of a text."""
    return [_value(reader, f"tokenizer.ggml.{name}_token_id") for name in ("eos", "padding")]


def _value(reader: GGUFReader, key: str) -> Any:
    return reader.fields[key].contents()


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
