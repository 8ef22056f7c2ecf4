"""The tokenizer of Qwen2 as Hugging Face's files, from what a GGUF file tells of it."""

import json
from pathlib import Path
from typing import Any

from gguf import GGUFReader, TokenType

# How Qwen2 splits text before its byte pairs are merged; GGUF says no more of it than `tokenizer.ggml.pre = qwen2`.
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}


def write_tokenizer(reader: GGUFReader, folder: Path) -> None:
    """Writes tokenizer.json and tokenizer_config.json with the chat template. Raises ValueError for another kind."""
    fields = {name: reader.fields[f"tokenizer.{name}"].contents() for name in _FIELDS}
    if fields["ggml.pre"] != "qwen2":
        raise ValueError(f"the tokenizer is of kind {fields['ggml.pre']}, only qwen2 is known here")
    tokens: list[str] = fields["ggml.tokens"]
    kinds = [TokenType(kind) for kind in fields["ggml.token_type"]]
    added = [
        {
            "id": number,
            "content": tokens[number],
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": kind == TokenType.CONTROL,
        }
        for number, kind in enumerate(kinds)
        if kind in (TokenType.CONTROL, TokenType.USER_DEFINED)
    ]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": _SPLIT}, "behavior": "Isolated", "invert": False},
                _BYTES,
            ],
        },
        "post_processor": _BYTES,
        "decoder": _BYTES,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {tokens[number]: number for number, kind in enumerate(kinds) if kind == TokenType.NORMAL},
            "merges": [merge.split(" ") for merge in fields["ggml.merges"]],
        },
    }
    config = {
        "tokenizer_class": "Qwen2TokenizerFast",
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "errors": "replace",
        "model_max_length": reader.fields["qwen2.context_length"].contents(),
        "bos_token": None,
        "eos_token": tokens[fields["ggml.eos_token_id"]],
        "pad_token": tokens[fields["ggml.padding_token_id"]],
        "unk_token": None,
        "chat_template": fields["chat_template"],
    }
    _write(folder / "tokenizer.json", tokenizer)
    _write(folder / "tokenizer_config.json", config)


_FIELDS = (
    "ggml.pre",
    "ggml.tokens",
    "ggml.token_type",
    "ggml.merges",
    "ggml.eos_token_id",
    "ggml.padding_token_id",
    "chat_template",
)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
