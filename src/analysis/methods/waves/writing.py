"""Model text over waves, written from a model's measurement part."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from analysis.syntax import ModelSyntax, parse_model


def wave_name(name: str, wave: int) -> str:
    """A variable's name in a wave (from 0): ``sat1.w1``, ``sat1.w2`` ..."""
    return f"{name}.w{wave + 1}"


@dataclass(frozen=True)
class Constructs:
    """Items of each construct, and pairs of items with a residual covariance in the model."""

    items: Mapping[str, tuple[str, ...]]
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def observed(self) -> tuple[str, ...]:
        """All items, each once."""
        return tuple(dict.fromkeys(i for members in self.items.values() for i in members))

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the constructs."""
        return tuple(self.items)


def constructs_of(model: str | ModelSyntax, wanted: Sequence[str] = ()) -> Constructs:
    """First-order constructs of a model (all, or the ``wanted`` ones) with their items."""
    syntax = parse_model(model) if isinstance(model, str) else model
    latent = set(syntax.latent)
    items: dict[str, dict[str, None]] = {}
    pairs: list[tuple[str, str]] = []
    for formula in syntax.formulas:
        right = [term.name for term in formula.terms]
        if formula.op == "=~" and not set(right) & latent:
            for left in formula.lhs:
                items.setdefault(left, {}).update(dict.fromkeys(right))
        if formula.op == "~~" and not (set(formula.lhs) | set(right)) & latent:
            pairs += [(left, other) for left in formula.lhs for other in right if left != other]
    kept = {f: tuple(i) for f, i in items.items() if not wanted or f in wanted}
    known = {i for members in kept.values() for i in members}
    return Constructs(kept, tuple(p for p in pairs if set(p) <= known))


def loading(factor: str, item: str) -> str:
    """Label of a loading that is equal over waves."""
    return f"load.{factor}.{item}"


def intercept(item: str) -> str:
    """Label of an intercept that is equal over waves."""
    return f"int.{item}"


def measurement(
    constructs: Constructs, waves: int, *, equal: Collection[str], released: Collection[str] = ()
) -> Iterator[str]:
    """Loadings, intercepts, residuals and the covariances of an item with itself over waves.

    ``equal`` holds ``loadings``, ``intercepts`` or ``residuals``; ``released`` are labels.
    """

    def term(kind: str, label: str, name: str) -> str:
        return f"{label}*{name}" if kind in equal and label not in released else name

    for w in range(waves):
        for factor, items in constructs.items.items():
            names = [wave_name(item, w) for item in items]
            right = [
                term("loadings", loading(factor, item), name)
                for item, name in zip(items, names, strict=True)
            ]
            first = f"NA*{names[0]}"
            right[0] = first if right[0] == names[0] else f"{first} + {right[0]}"
            yield f"{wave_name(factor, w)} =~ {' + '.join(right)}"
    for item in constructs.observed:
        every = " + ".join(wave_name(item, w) for w in range(waves))
        yield f"{every} ~ {term('intercepts', intercept(item), '1')}"
    for item in constructs.observed if "residuals" in equal else ():
        for w in range(waves):
            yield f"{wave_name(item, w)} ~~ res.{item}*{wave_name(item, w)}"
    for item in constructs.observed:
        for a, b in combinations(range(waves), 2):
            yield f"{wave_name(item, a)} ~~ {wave_name(item, b)}"
    for left, right_item in constructs.pairs:
        for w in range(waves):
            yield f"{wave_name(left, w)} ~~ {wave_name(right_item, w)}"


def covariances(names: Sequence[str]) -> Iterator[str]:
    """Covariances of all pairs."""
    for i, name in enumerate(names[:-1]):
        yield f"{name} ~~ {' + '.join(names[i + 1 :])}"


def ladder_text(
    constructs: Constructs, waves: int, *, equal: Collection[str], released: Collection[str] = ()
) -> str:
    """A step of the longitudinal ladder.

    Constructs have mean 0 and variance 1 in the first wave; later variances are free once loadings
    are equal, later means once intercepts are.
    """
    lines = list(measurement(constructs, waves, equal=equal, released=released))
    for w in range(waves):
        for factor in constructs.factors:
            name = wave_name(factor, w)
            lines.append(f"{name} ~~ {'NA' if w and 'loadings' in equal else '1'}*{name}")
            lines.append(f"{name} ~ {'NA' if w and 'intercepts' in equal else '0'}*1")
    names = [wave_name(f, w) for w in range(waves) for f in constructs.factors]
    return "\n".join([*lines, *covariances(names)]) + "\n"


def null_text(constructs: Constructs, waves: int) -> str:
    """The independence model of longitudinal data: means and variances of an item stay the same."""
    lines = []
    for item in constructs.observed:
        for w in range(waves):
            lines.append(f"{wave_name(item, w)} ~~ var.{item}*{wave_name(item, w)}")
        lines.append(f"{' + '.join(wave_name(item, w) for w in range(waves))} ~ mean.{item}*1")
    return "\n".join(lines) + "\n"


def change_name(factor: str, wave: int) -> str:
    """The latent change of a construct from the wave before to ``wave`` (from 0)."""
    return f"change.{wave_name(factor, wave)}"


def change_text(constructs: Constructs, waves: int, *, released: Collection[str] = ()) -> str:
    """Latent change scores under scalar invariance (McArdle 2009).

    Each later wave is the wave before plus a latent change with a mean and a variance, all of
    which covary freely with each other and with the first wave.
    """
    equal = ("loadings", "intercepts")
    lines = list(measurement(constructs, waves, equal=equal, released=released))
    for factor in constructs.factors:
        first = wave_name(factor, 0)
        lines += [f"{first} ~~ 1*{first}", f"{first} ~ 0*1"]
        for before, w in pairwise(range(waves)):
            now, change = wave_name(factor, w), change_name(factor, w)
            lines += [
                f"{now} ~ 1*{wave_name(factor, before)}", f"{change} =~ 1*{now}",
                f"{now} ~~ 0*{now}", f"{now} ~ 0*1",
                f"{change} ~~ NA*{change}", f"{change} ~ NA*1",
            ]  # fmt: skip
    names = [wave_name(f, 0) for f in constructs.factors]
    names += [change_name(f, w) for w in range(1, waves) for f in constructs.factors]
    return "\n".join([*lines, *covariances(names)]) + "\n"


def lagged_text(constructs: Constructs, waves: int, *, released: Collection[str] = ()) -> str:
    """Every construct on all constructs of the wave before, under equal loadings."""
    lines = list(measurement(constructs, waves, equal=("loadings",), released=released))
    for w in range(waves):
        names = [wave_name(f, w) for f in constructs.factors]
        for name in names:
            lines += [f"{name} ~~ {'NA' if w else '1'}*{name}", f"{name} ~ 0*1"]
        lines += covariances(names)
        if w:
            before = " + ".join(wave_name(f, w - 1) for f in constructs.factors)
            lines += [f"{name} ~ {before}" for name in names]
    return "\n".join(lines) + "\n"
