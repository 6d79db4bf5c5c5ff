"""Rivals that every structural model has: other stories about the same constructs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from analysis.methods.rivals.edits import Path, Paths, rebuilt
from analysis.syntax import ModelSyntax

Kind = Literal["partial", "full", "unmediated", "common_cause", "reversed"]


@dataclass(frozen=True)
class Rival:
    """Another model of the same variables; ``edges`` are its paths (target, source)."""

    kind: Kind
    syntax: ModelSyntax
    edges: tuple[Path, ...]


def rivals(syntax: ModelSyntax) -> tuple[Rival, ...]:
    """The rivals of a model that differ from it and from each other.

    ``partial`` adds every direct path to the final outcomes that a route goes round, ``full``
    leaves these out, ``unmediated`` cuts what leads from the mediators to the final outcomes,
    ``common_cause`` lets the exogenous constructs explain everything, with nothing else in common,
    ``reversed`` turns all arrows round. None for models in which nothing is mediated, nor for
    those with feedback.
    """
    paths = Paths.of(syntax)
    if not paths.recursive or not paths.mediated():
        return ()
    found: list[Rival] = []
    seen: list[tuple[frozenset[Path], bool]] = [(frozenset(paths.edges), False)]
    for kind, edges, apart in _stories(paths):
        key = (frozenset(edges), bool(apart))
        if key in seen or {n for e in edges for n in e} != set(paths.nodes):
            continue
        seen.append(key)
        found.append(Rival(kind, rebuilt(syntax, edges, uncorrelated=apart), edges))
    return tuple(found)


def _stories(paths: Paths) -> list[tuple[Kind, tuple[Path, ...], tuple[Path, ...]]]:
    final, outer = set(paths.final), paths.exogenous
    around = [(t, s) for t, s in paths.mediated() if t in final]
    mediators = {n for n in paths.nodes if n not in final and n not in outer}
    partial = (*paths.edges, *(e for e in around if e not in paths.edges))
    full = tuple(e for e in paths.edges if e not in around)
    cut = [e for e in paths.edges if not (e[0] in final and e[1] in mediators)]
    unmediated = (*cut, *((t, s) for t, s in around if s in outer and (t, s) not in cut))
    inner = [n for n in paths.nodes if n not in outer]
    common = tuple((n, s) for n in inner for s in outer if s in paths.ancestors(n))
    apart = tuple(combinations(inner, 2))
    turned = tuple((s, t) for t, s in paths.edges)
    return [
        ("partial", partial, ()),
        ("full", full, ()),
        ("unmediated", unmediated, ()),
        ("common_cause", common, apart),
        ("reversed", turned, ()),
    ]
