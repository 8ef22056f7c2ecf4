"""Forms made from a tiny model in GGUF: the right bytes, numbers close to the original's, and the ways it can fail."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, TokenType
from gguf.quants import dequantize, quantize
from rich.console import Console
from tokenizers import Tokenizer

from voice_livemind.errors import Failure
from voice_livemind.weights import packages
from voice_livemind.weights import pull as pulling
from voice_livemind.weights.cache import cache_root, folder_of, verify_model
from voice_livemind.weights.catalogue import Catalogue, Model, WeightFile, load_catalogue
from voice_livemind.weights.forms import q4_0, w8a8
from voice_livemind.weights.progress import Progress, Report

WIDTH = 64
Floats = npt.NDArray[np.float32]


def alphabet() -> list[str]:
    """The 256 signs that stand for bytes in vocabularies of this kind."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    rest = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(rest)) for byte in range(256)]


TOKENS = [*alphabet(), "hi", "<|end|>", "[PAD258]"]


def tiny(path: Path, architecture: str = "qwen2") -> Path:
    """A model of one layer: its matrices in Q8_0, a matrix that is embedding and output at once in two precisions."""
    random = np.random.default_rng(1)
    writer = GGUFWriter(path, architecture)
    for name in ("block_count", "attention.head_count", "attention.head_count_kv"):
        writer.add_uint32(f"qwen2.{name}", 1)
    for name, value in (("context_length", 128), ("embedding_length", WIDTH), ("feed_forward_length", WIDTH)):
        writer.add_uint32(f"qwen2.{name}", value)
    writer.add_float32("qwen2.rope.freq_base", 1e6)
    writer.add_float32("qwen2.attention.layer_norm_rms_epsilon", 1e-6)
    writer.add_uint32("general.file_type", 7)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([*[TokenType.NORMAL] * 257, TokenType.CONTROL, TokenType.UNUSED])
    writer.add_token_merges(["h i"])
    for name in ("eos", "bos", "padding"):
        writer.add_uint32(f"tokenizer.ggml.{name}_token_id", 257)
    writer.add_chat_template("{{ messages }}")
    table = random.normal(size=(len(TOKENS), WIDTH)).astype(np.float32)
    matrices = {"token_embd.weight": (table, "Q5_0"), "output.weight": (table, "Q8_0")}
    for part in w8a8._LAYER:
        if "norm" not in part:
            matrices[f"blk.0.{part}.weight"] = (random.normal(size=(WIDTH, WIDTH)).astype(np.float32), "Q8_0")
    for name, (values, kind) in matrices.items():
        writer.add_tensor(name, quantize(values, GGMLQuantizationType[kind]), raw_dtype=GGMLQuantizationType[kind])
    for name in ("blk.0.attn_norm.weight", "blk.0.ffn_norm.weight", "blk.0.attn_q.bias", "output_norm.weight"):
        writer.add_tensor(name, random.normal(size=WIDTH).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def tensors(path: Path) -> dict[str, tuple[str, Floats]]:
    """Kind and values of each tensor of a GGUF file."""
    return {
        tensor.name: (tensor.tensor_type.name, dequantize(tensor.data, tensor.tensor_type))
        for tensor in GGUFReader(path).tensors
    }


def error_share(got: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> float:
    return float(np.linalg.norm(got - wanted) / np.linalg.norm(wanted))


def test_q4_0_requantises_the_layers_and_nothing_else(tmp_path: Path) -> None:
    source = tiny(tmp_path / "source.gguf")
    q4_0.convert(source, tmp_path)
    before, after = tensors(source), tensors(tmp_path / "model.gguf")
    assert before.keys() == after.keys()
    for name, (kind, values) in after.items():
        if name.startswith("blk.") and values.ndim > 1:
            assert kind == "Q4_0" and 0.02 < error_share(values, before[name][1]) < 0.12
        else:
            assert kind == before[name][0] and np.array_equal(values, before[name][1])
    fields = GGUFReader(tmp_path / "model.gguf").fields
    assert fields["general.file_type"].contents() == 2
    assert fields["tokenizer.ggml.tokens"].contents() == TOKENS


def safetensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    assert header.pop("__metadata__") == {"format": "pt"}
    read = {}
    for name, entry in header.items():
        first, end = entry["data_offsets"]
        raw = content[start + first : start + end]
        if entry["dtype"] == "BF16":
            values: npt.NDArray[Any] = (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(raw, {"I8": np.int8, "F32": np.float32}[entry["dtype"]])
        read[name] = values.reshape(entry["shape"])
    return read


def test_w8a8_has_a_scale_a_row_and_the_finer_of_two_tied_matrices(tmp_path: Path) -> None:
    before = tensors(tiny(tmp_path / "source.gguf"))
    w8a8.convert(tmp_path / "source.gguf", tmp_path)
    after = safetensors(tmp_path / "model.safetensors")
    assert "lm_head.weight" not in after
    assert error_share(after["model.embed_tokens.weight"], before["output.weight"][1]) < 0.003
    down, scale = (after[f"model.layers.0.mlp.down_proj.weight{suffix}"] for suffix in ("", "_scale"))
    assert down.dtype == np.int8 and scale.shape == (WIDTH, 1)
    assert error_share(down * scale, before["blk.0.ffn_down.weight"][1]) < 0.01
    bias = after["model.layers.0.self_attn.q_proj.bias"]
    assert error_share(bias, before["blk.0.attn_q.bias"][1]) < 0.003
    config = json.loads((tmp_path / "config.json").read_text())
    assert (config["tie_word_embeddings"], config["rms_norm_eps"], config["vocab_size"]) == (True, 1e-6, len(TOKENS))


def test_the_tokenizer_splits_merges_and_keeps_special_tokens_whole(tmp_path: Path) -> None:
    w8a8.convert(tiny(tmp_path / "source.gguf"), tmp_path)
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert tokenizer.encode("hi é<|end|>").tokens == ["hi", "Ġ", "Ã", "©", "<|end|>"]
    assert tokenizer.decode(tokenizer.encode("hi é").ids) == "hi é"
    assert json.loads((tmp_path / "tokenizer_config.json").read_text())["chat_template"] == "{{ messages }}"


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Model]:
    """A catalogue of a tiny model that packages give, and of what is made from it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    content = tiny(tmp_path / "source.gguf").read_bytes()
    (tmp_path / "made").mkdir()
    q4_0.convert(tmp_path / "source.gguf", tmp_path / "made")
    made = (tmp_path / "made" / "model.gguf").read_bytes()

    def model(name: str, file: str, content: bytes, **more: Any) -> Model:
        pinned = WeightFile(name=file, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        return Model(name=name, role="language", title=name, about="", licence="MIT", files=(pinned,), **more)

    models = {
        "toy": model("toy", "toy.gguf", content, packages=("toy==1",)),
        "toy-q4_0": model("toy-q4_0", "model.gguf", made, made_from="toy", form="q4_0"),
    }

    def fetch(model: Model, staging: Path, report: Report) -> dict[str, str]:
        (staging / "files").mkdir(parents=True, exist_ok=True)
        (staging / "files" / "toy.gguf").write_bytes(content)
        report(len(content))
        return {"toy.gguf": model.files[0].sha256}

    monkeypatch.setattr(packages, "fetch", fetch)
    monkeypatch.setattr("voice_livemind.weights.pull.load_catalogue", lambda: Catalogue(models=models))
    return models


def pull(name: str) -> str:
    said = io.StringIO()
    pulling.pull([name], "packages", Progress(Console(file=said, width=200)))
    return said.getvalue()


def shown() -> list[str]:
    return sorted(path.name for path in cache_root().iterdir() if not path.name.startswith("."))


def test_a_made_model_brings_its_origin_and_keeps_it_only_if_it_was_there(toys: dict[str, Model]) -> None:
    said = pull("toy-q4_0")
    assert "toy: pulling" in said and "toy-q4_0: making" in said
    assert verify_model(toys["toy-q4_0"]) == [] and shown() == ["toy-q4_0"]
    assert not (cache_root() / ".toy-q4_0.part").exists()
    assert pull("toy-q4_0") == "toy-q4_0: already here\n"
    pull("toy")
    (folder_of(toys["toy-q4_0"]) / "model.gguf").write_bytes(b"broken")
    assert "toy: pulling" not in pull("toy-q4_0")
    assert verify_model(toys["toy-q4_0"]) == [] and shown() == ["toy", "toy-q4_0"]


def test_a_made_model_that_came_out_otherwise_is_refused(toys: dict[str, Model]) -> None:
    right = toys["toy-q4_0"]
    toys["toy-q4_0"] = right.model_copy(update={"files": (right.files[0].model_copy(update={"sha256": "0" * 64}),)})
    with pytest.raises(Failure, match=r"toy-q4_0 from toy: model\.gguf has SHA-256 .* refused and removed"):
        pull("toy-q4_0")
    assert shown() == []


def test_another_architecture_is_one_line(toys: dict[str, Model]) -> None:
    pull("toy")
    tiny(folder_of(toys["toy"]) / "toy.gguf", architecture="llama")
    content = (folder_of(toys["toy"]) / "toy.gguf").read_bytes()
    pinned = WeightFile(name="toy.gguf", bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    toys["toy"] = toys["toy"].model_copy(update={"files": (pinned,)})
    toys["toy-q4_0"] = toys["toy-q4_0"].model_copy(update={"form": "w8a8"})
    with pytest.raises(Failure, match=r"is of architecture llama, only qwen2 can be brought into this form$"):
        pull("toy-q4_0")


def test_what_is_made_is_made_from_a_model_of_the_catalogue() -> None:
    models = load_catalogue().models
    for model in models.values():
        assert (model.made_from is None) == (model.form is None), model.name
        assert model.made_from is None or models[model.made_from].files[0].name.endswith(".gguf")
