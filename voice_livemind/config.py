"""The settings tree. Values stand in ``configs/default.toml``; a ``--config`` file and ``--set`` lay others over it."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from voice_livemind.errors import UserError

Seconds = Annotated[float, Field(gt=0, le=60)]
Threads = Annotated[int, Field(ge=1, le=256)]
Port = Annotated[int, Field(ge=1, le=65535)]
# An index may stand without quotes.
DeviceName = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)]

_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Hear(_Section):
    """Which frames are speech."""

    vad_aggressiveness: Annotated[int, Field(ge=0, le=3)]
    speech_probability: Annotated[float, Field(gt=0, lt=1)]


class Echo(_Section):
    """How the assistant's own voice is kept out of what is heard."""

    mode: Literal["auto", "half", "off"]


class Turns(_Section):
    """When a turn starts, pauses and is committed."""

    min_speech_s: Seconds
    resume_speech_s: Seconds
    pause_s: Seconds
    policy: str
    voice_model: str
    commit_max_s: Seconds
    reopen_s: Seconds


class Transcribe(_Section):
    """The speech recogniser."""

    model: str
    device: Literal["cpu", "cuda"]
    compute_type: Literal["int8", "int8_float16", "float16", "float32"]
    threads: Threads
    language: Annotated[str, Field(pattern="^([a-z]{2,3}|auto)$")]
    pass_every_s: Seconds


class Role(_Section):
    """A language model and how it is reached: ``thinker`` or ``speaker``."""

    engine: Literal["llama.cpp", "vllm"]
    model: str
    url: Annotated[str, Field(pattern="^(https?://[^ ]+)?$")]
    port: Port
    threads: Threads
    context_tokens: Annotated[int, Field(ge=1024)]
    gpu_memory_share: Annotated[float, Field(ge=0, lt=1)]
    nice: Annotated[int, Field(ge=0, le=19)]
    api_key_env: str
    api_key_file: str


class Requests(_Section):
    """How long a model server may take, and when it is spared."""

    connect_s: Seconds
    first_token_s: Seconds
    between_tokens_s: Seconds
    whole_s: Annotated[float, Field(gt=0, le=600)]
    shed_after_s: Annotated[float, Field(ge=0, le=60)]


class Mind(_Section):
    """Thinking while the speaker talks."""

    note_max_tokens: Annotated[int, Field(ge=1)]
    wait_by_rule: bool
    wait_by_choice: bool


class Reply(_Section):
    """Answering."""

    max_tokens: Annotated[int, Field(ge=1)]
    reasoning_max_tokens: Annotated[int, Field(ge=1)]
    max_s: Annotated[float, Field(gt=0)]


class Speak(_Section):
    """The voice."""

    voice: str
    threads: Threads
    rate: Annotated[float, Field(ge=0.5, le=2)]


class Microphone(_Section):
    """What is heard."""

    device: DeviceName
    latency_s: Annotated[float, Field(gt=0, le=1)]
    zeros_s: Annotated[float, Field(ge=1)]


class Loudspeaker(_Section):
    """What the reply is heard from."""

    device: DeviceName
    latency_s: Annotated[float, Field(gt=0, le=1)]
    volume: Annotated[float, Field(ge=0, le=1)]


class Kiosk(_Section):
    """Serving visitors, with nobody there to help."""

    quiet_ends_s: Annotated[float, Field(gt=0, le=3600)]
    greets: bool
    farewells: list[str]
    wake_phrase: str
    longest_turn_s: Annotated[float, Field(gt=0, le=600)]
    wait_after_s: Seconds
    sorry_after_s: Seconds
    quiet_hours: Annotated[str, Field(pattern=f"^({_TIME}-{_TIME})?$")]
    transcripts: str
    transcripts_days: Annotated[int, Field(ge=1)]
    local_speaker_model: str
    self_test_every_s: Annotated[float, Field(gt=0)]


class Health(_Section):
    """The health page of a kiosk."""

    host: str
    port: Port
    token_env: str
    token_file: str
    tls_certificate: str
    tls_key: str
    traces_url: Annotated[str, Field(pattern="^(https?://[^ ]+)?$")]


class Settings(_Section):
    """All settings. ``load_settings(Path("configs/gpu.toml"), ["speak.rate=1.2"])`` reads them."""

    hear: Hear
    echo: Echo
    turns: Turns
    transcribe: Transcribe
    thinker: Role
    speaker: Role
    requests: Requests
    mind: Mind
    reply: Reply
    speak: Speak
    microphone: Microphone
    loudspeaker: Loudspeaker
    kiosk: Kiosk
    health: Health

    @property
    def models(self) -> list[str]:
        """Names, in the catalogue, of the models that this machine must hold."""
        roles = [role.model for role in (self.thinker, self.speaker) if not role.url]
        roles += [self.kiosk.local_speaker_model] if self.has_local_speaker else []
        return list(dict.fromkeys([self.transcribe.model, self.turns.voice_model, *roles, self.speak.voice]))

    @property
    def has_local_speaker(self) -> bool:
        """Whether a kiosk has a small speaker of its own, for the times when the one elsewhere does not answer."""
        return bool(self.kiosk.local_speaker_model and self.speaker.url)


def load_settings(
    file: Path | None, overrides: Sequence[str] = (), defaults: Mapping[str, Mapping[str, Any]] | None = None
) -> Settings:
    """``defaults`` (those of ``configs/default.toml``, if not given), then ``file``, then ``section.key=value``
    overrides (a TOML value, or a bare word).

    Raises UserError: no such file, not TOML, unknown key (named with its nearest known one), wrong value.
    """
    given = _read_toml(packaged_config("default.toml")) if defaults is None else defaults
    tree = {section: dict(values) for section, values in given.items()}
    if file is not None:
        _lay_over(tree, _read_toml(file), str(file))
    for override in overrides:
        _lay_over(tree, _parse_override(override), "--set")
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        where = " ".join([str(file or ""), *(f"--set {o}" for o in overrides if o.startswith(key))]).strip()
        raise UserError(f"{where or 'settings'}: {key} = {first['input']!r}: {first['msg'].lower()}") from None


def packaged_config(name: str) -> Path:
    """One of the files in ``configs/``."""
    package = Path(__file__).parent
    installed = package / "configs" / name
    return installed if installed.exists() else package.parent / "configs" / name


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: not TOML: {error}") from None


def _parse_override(override: str) -> dict[str, Any]:
    path, equals, value = override.partition("=")
    section, dot, key = path.strip().partition(".")
    if not equals or not dot:
        raise UserError(f"--set {override}: expected section.key=value, say --set speak.rate=1.2")
    try:
        parsed: Any = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value
    return {section: {key: parsed}}


def _lay_over(tree: dict[str, Any], upper: Mapping[str, Any], where: str) -> None:
    for section, values in upper.items():
        if section not in tree:
            raise _unknown(section, list(tree), where)
        if not isinstance(values, dict):
            raise UserError(f"{where}: {section} is a section: write [{section}] and its keys below it")
        for key, value in values.items():
            if key not in tree[section]:
                raise _unknown(f"{section}.{key}", [f"{s}.{k}" for s in tree for k in tree[s]], where)
            # TOML writes 1 where a float may stand as well.
            tree[section][key] = float(value) if _widens(value, tree[section][key]) else value


def _widens(value: object, default: object) -> bool:
    return isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool)


def _unknown(key: str, known: Sequence[str], where: str) -> UserError:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else ""
    return UserError(f"{where}: unknown key {key}{hint}")
