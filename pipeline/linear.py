"""The fitted weights: a plain table of named features, and sums over it.

``data/weights.tsv`` holds a head of ``# key value`` lines and then one feature a line with its
weight for each of three questions: is it tagged; else is it an update; else is it discussion.
Nothing is hashed and nothing is pickled: what a weight is for can be read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pipeline.model import ConfigError

#: The three questions, in the order of the columns.
TARGETS: Final = ("tag", "update", "discussion")
#: A file of weights is read whole; no honest one is larger.
_FILE_BYTES = 10 * 2**20
_HEAD = ("slope", "offset", "cut", "unread")
_NOTHING = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights by feature, the constants, and how a sum becomes a probability."""

    table: Mapping[str, tuple[float, float, float]]
    constants: tuple[float, float, float]
    slope: float
    offset: float
    cut: float  # probability from which on an item is tagged
    unread: float  # probability of an item in which the first look finds nothing to read
    about: Mapping[str, str] = field(default_factory=dict)  # items, seed, fingerprint …

    def sums(self, heard: Iterable[str]) -> tuple[float, float, float]:
        """Return the sum for each question, the same to the last bit on every platform."""
        found = [w for name in heard if (w := self.table.get(name)) is not None]
        columns = zip(*found, strict=True) if found else ((), (), ())
        tag, update, discussion = (math.fsum(column) for column in columns)
        c = self.constants
        return c[0] + tag, c[1] + update, c[2] + discussion

    def probability(self, tag: float) -> float:
        """Return the calibrated probability of a sum for the tag."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.slope * tag + self.offset))))

    def of(self, name: str, target: int) -> float:
        """Return what a feature adds to a question's sum."""
        return self.table.get(name, _NOTHING)[target]

    def dump(self) -> str:
        """Return the text of a file that ``load_weights`` reads."""
        lines = [f"# {key} {getattr(self, key):.4f}" for key in _HEAD]
        lines += [f"# {key} {value}" for key, value in sorted(self.about.items())]
        lines.append("\t".join(("", *(f"{c:.4f}" for c in self.constants))))
        lines += [
            "\t".join((name, *(f"{w:.4f}".rstrip("0").rstrip(".") for w in row)))
            for name, row in sorted(self.table.items())
        ]
        return "\n".join(lines) + "\n"


def load_weights(path: Path | None = None) -> Weights:
    """Read the shipped weights, or a user's own. Raises ConfigError naming file and line."""
    about = str(path) if path else "weights.tsv"
    try:
        if path is None:
            text = (files("pipeline") / "data" / "weights.tsv").read_text(encoding="utf-8")
        elif path.stat().st_size > _FILE_BYTES:
            raise ConfigError("it is larger than 10 MB.", about=about, cure="Fit it with `unsealed train`.")
        else:
            text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"it cannot be read ({error}).", about=about, cure="Fit it with `unsealed train`."
        ) from error
    return parse_weights(text, about)


def parse_weights(text: str, about: str) -> Weights:
    """Return the weights a text holds. Raises ConfigError naming the line that is none."""
    head: dict[str, str] = {}
    table: dict[str, tuple[float, float, float]] = {}
    # Not splitlines(): a feature may hold one of the rarer line separators.
    for number, line in enumerate(text.rstrip("\n").split("\n"), 1):
        if line.startswith("# "):
            key, _, value = line[2:].partition(" ")
            head[key] = value
            continue
        try:
            name, tag, update, discussion = line.split("\t")
            row = (float(tag), float(update), float(discussion))
        except ValueError:
            row = (math.nan,) * 3
            name = ""
        if not all(map(math.isfinite, row)):
            raise ConfigError(
                f"line {number} is not a feature and three numbers.",
                about=about,
                cure="Fit it again with `unsealed train`.",
            )
        table[name] = row
    try:
        numbers = {key: float(head.pop(key)) for key in _HEAD}
        constants = table.pop("")
    except (KeyError, ValueError) as error:
        raise ConfigError(
            f"{error} is missing or not a number.", about=about, cure="Fit it again with `unsealed train`."
        ) from error
    return Weights(MappingProxyType(table), constants, about=MappingProxyType(head), **numbers)
