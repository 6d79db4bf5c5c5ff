"""Convert a file of published summary statistics to ``moments.toml`` of the shipped studies.

Usage: ``python tools/published_to_studies.py published.yaml data/raw``. The YAML file lists one
entry per study (N, lower triangles of correlations, means, SDs, reliabilities, source); it is no
part of this repository. Codebooks, models and SOURCE.md are written by hand.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

#: study folder -> entry id in the YAML file
STUDIES = {
    "spanish_bank": "spanish_bank_satisfaction_plspm",
    "ecsi_mobile": "ecsi_mobile_tenenhaus2005",
    "csimobile": "csimobile_87",
    "galeries_lafayette_berlin": "galeries_lafayette_berlin",
    "fitness_china": "fitness_china_2023",
    "stereotypes_josm": "stereotypes_josm_2021",
    "beer_brand_equity": "beer_brand_equity_bfj_2022",
    "islamic_bank_za": "islamic_bank_za_2023",
    "bliemel2004": "service_quality_bliemel2004",
    "switching_intention": "switching_intention_henseler2021",
    "influencer": "influencer_hair2021",
    "yoo_donthu_lee": "yoo_donthu_lee_2000",
    "servqual_babakus_boller": "servqual_babakus_boller_1992",
}

#: construct names of the YAML file -> names in the codebooks
RENAMED = {
    "brand_image": "image",
    "service_quality": "quality",
    "perceived_value": "value",
    "complaint_handling": "complaints",
    "perceived_quality": "quality",
    "firm_marketing_communication": "communication",
    "objectives_of_islamic_banking": "objectives",
    "servqual_22_items": "quality",
    "involvement_INV": "involvement",
    "brand_awareness_associations": "awareness",
    "overall_brand_equity": "equity",
    "country_of_origin_image": "origin_image",
    "brand_distinctiveness": "distinctiveness",
}

#: what a reader of the numbers has to know
NOTES = {
    "galeries_lafayette_berlin": "computed from the 287 rows complete on all 41 items",
    "beer_brand_equity_bfj_2022": (
        "square roots of printed squared correlations (two decimals): positive signs are assumed, "
        "an error up to 0.02 is possible"
    ),
    "fitness_china_2023": "the published paths follow from the disattenuated matrix only",
    "yoo_donthu_lee_2000": "published to two decimals",
    "servqual_babakus_boller_1992": "published to two decimals",
}


def construct_name(name: str) -> str:
    """The codebook's name of a construct."""
    return RENAMED.get(name, name)


def decimals(rows: Sequence[Sequence[float]]) -> int:
    """Most decimals printed in a lower triangle."""
    return max((len(repr(float(v)).partition(".")[2]) for row in rows for v in row), default=0)


def numbers(values: Sequence[float]) -> str:
    """A TOML array of floats on one line."""
    return "[" + ", ".join(repr(float(v)) for v in values) + "]"


def table(name: str, values: Mapping[str, float]) -> str:
    """A TOML inline table of one reliability coefficient by construct."""
    inner = ", ".join(f"{construct_name(k)} = {float(v)!r}" for k, v in values.items())
    return f"{name} = {{ {inner} }}"


def moments(entry: Mapping[str, Any]) -> str:
    """The text of ``moments.toml`` for one entry of the YAML file."""
    items = "item_correlations" in entry
    rows = entry["item_correlations"] if items else entry["correlations"]
    names = entry["items"] if items else [construct_name(c) for c in entry["constructs"]]
    lines = [
        "format = 1",
        f"n = {entry['n']}",
        f'level = "{"item" if items else "construct"}"',
        "names = [" + ", ".join(f'"{name}"' for name in names) + "]",
        "correlations = [",
        *(f"  {numbers(row)}," for row in rows),
        "]",
    ]
    means, sds = spread(entry, items=items)
    if means:
        lines.append(f"means = {numbers(means)}")
    if sds:
        lines += [f"sds = {numbers(sds)}", f'sd_divisor = "{"n-1" if items else "unknown"}"']
    diagonal = "one" if items else entry["diagonal_kind"]
    lines += [f'diagonal = "{diagonal}"', f"decimals = {decimals(rows)}", 'kind = "Pearson"']
    lines += [f'notes = "{NOTES[entry["id"]]}"'] if entry["id"] in NOTES else []
    reliability = [table(k, entry[k]) for k in ("alpha", "cr", "ave") if entry.get(k) and not items]
    return "\n".join([*lines, *(["", "[reliability]", *reliability] if reliability else [])]) + "\n"


def spread(entry: Mapping[str, Any], *, items: bool) -> tuple[list[float], list[float]]:
    """Means and SDs in the order of the names; empty where not published."""
    if items:
        return list(entry["item_mean"]), list(entry["item_sd"])
    order = entry["constructs"]
    mean, sd = entry["mean"], entry["sd"]
    return (
        [mean[c] for c in order] if len(mean) == len(order) else [],
        [sd[c] for c in order] if len(sd) == len(order) else [],
    )


def main() -> None:
    """Read the YAML file and write one ``moments.toml`` a study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="YAML file of published statistics")
    parser.add_argument(
        "out", type=Path, help="folder that holds the studies, for example data/raw"
    )
    options = parser.parse_args()
    entries = {e["id"]: e for e in yaml.safe_load(options.source.read_text("utf-8"))}
    for study, identifier in STUDIES.items():
        folder = options.out / study
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "moments.toml").write_text(moments(entries[identifier]), "utf-8")


if __name__ == "__main__":
    main()
