"""What must hold between the entries of a codebook."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.data.codebook import Codebook
from analysis.data.names import code_points, listed, nearest, twins
from analysis.errors import Message, message


def codebook_problems(codebook: Codebook) -> list[Message]:
    """All broken rules, in the codebook's order."""
    return [
        *_names(codebook),
        *_items(codebook),
        *_constructs(codebook),
        *_columns(codebook),
    ]


def _sections(codebook: Codebook) -> Iterator[tuple[str, str]]:
    for section, entries in (
        ("constructs", codebook.constructs),
        ("items", codebook.items),
        ("groups", codebook.groups),
        ("outcomes", codebook.outcomes),
        ("covariates", codebook.covariates),
    ):
        for entry in entries:
            yield section, entry.name


def _names(codebook: Codebook) -> Iterator[Message]:
    seen: dict[str, str] = {}
    for section, name in _sections(codebook):
        first = seen.setdefault(name, section)
        if first != section:
            yield message("data.name_twice", key=f"{section}.{name}", other=f"{first}.{name}")
    for first, second in twins(list(seen)):
        yield message(
            "data.name_twins", first=first, second=second,
            points_first=code_points(first), points_second=code_points(second),
        )  # fmt: skip


def _unknown(key: str, value: str, kind: str, known: tuple[str, ...]) -> Message:
    near = nearest(value, known) or known
    return message("data.unknown_name", key=key, value=value, kind=kind, near=listed(near))


def _items(codebook: Codebook) -> Iterator[Message]:
    names = codebook.item_names
    groups = {group.name: group for group in codebook.groups}
    for item in codebook.items:
        key = f"items.{item.name}"
        if not item.scale and not codebook.options.moments and _has_rows(codebook):
            yield message("data.item_without_scale", key=key, item=item.name)
        if item.pair and item.pair not in names:
            yield _unknown(f"{key}.pair", item.pair, "items", names)
        elif item.pair and codebook.item(item.pair).block == item.block:
            yield message("data.pair_block", key=f"{key}.pair", item=item.name, pair=item.pair)
        for group, levels in item.asked_of.items():
            if group not in groups:
                yield _unknown(f"{key}.asked_of", group, "groups", tuple(groups))
                continue
            known = tuple(groups[group].levels)
            for level in levels:
                if known and level not in known:
                    yield _unknown(f"{key}.asked_of.{group}", level, f"groups.{group}", known)


def _has_rows(codebook: Codebook) -> bool:
    """Whether the codebook describes answers: then scales are needed to check them."""
    return bool(codebook.options.file or codebook.scales or codebook.roles.id)


def _constructs(codebook: Codebook) -> Iterator[Message]:
    known = codebook.construct_names
    for construct in codebook.constructs:
        key = f"constructs.{construct.name}.parent"
        if construct.parent and construct.parent not in known:
            yield _unknown(key, construct.parent, "constructs", known)
        elif construct.parent and _in_cycle(codebook, construct.name):
            yield message("data.parent_cycle", key=key, construct=construct.name)
        elif (
            not construct.items
            and not codebook.children(construct.name)
            and not codebook.options.moments
            and _has_rows(codebook)
        ):
            yield message(
                "data.construct_empty",
                key=f"constructs.{construct.name}",
                construct=construct.name,
            )


def _in_cycle(codebook: Codebook, start: str) -> bool:
    parents = {construct.name: construct.parent for construct in codebook.constructs}
    at, steps = parents.get(start, ""), 0
    while at and at != start and steps <= len(parents):
        at, steps = parents.get(at, ""), steps + 1
    return bool(at)


def _columns(codebook: Codebook) -> Iterator[Message]:
    """One column has one job; groups may double as covariate, cluster or stratum."""
    roles = codebook.roles
    jobs = [
        *((i.column, f"items.{i.name}") for i in codebook.items),
        *((a.column, f"attention.{a.name}") for a in codebook.attention),
        *((v.column, f"outcomes.{v.name}") for v in codebook.outcomes),
        *((v.column, f"covariates.{v.name}") for v in codebook.covariates),
        *(
            (getattr(roles, job), f"roles.{job}")
            for job in ("weight", "start", "end", "duration", "id")
            if getattr(roles, job)
        ),
        *((c, "roles.text") for c in roles.text),
        *((c, "roles.personal") for c in roles.personal if c != roles.id),
    ]
    first: dict[str, str] = {}
    for column, job in jobs:
        if column in first:
            yield message("data.column_two_jobs", column=column, first=first[column], second=job)
        first.setdefault(column, job)
    doubles = {g.column: f"groups.{g.name}" for g in codebook.groups}
    for column, job in doubles.items():
        if column in first and not first[column].startswith("covariates."):
            yield message("data.column_two_jobs", column=column, first=first[column], second=job)
