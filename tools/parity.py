"""How far this product is from lavaan: live, or by reference files (``--write FILE``).

Without arguments the shipped cases are fitted in both programs; exit 1 where a number is beyond
its bar. ``--write FILE`` writes the report of the reference files instead, no R needed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, log10
from os import environ
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from sem import cases, galeries, reference  # noqa: E402

from analysis.sem import Solution  # noqa: E402

SHARED = Path(environ.get("LOYALTY_SHARED", ROOT.parent / "shared"))
COLUMNS: Mapping[str, str] = {
    "est": "estimates",
    "se": "standard errors",
    "std": "standardized estimates and their standard errors",
    "chi2": "chi-squares of model and baseline: statistic, df, p, scaling",
    "fit": "all other fit measures",
    "limits": "confidence limits of the RMSEA",
    "mi": "modification indices and expected changes",
    "moments": "implied and residual matrices, R2, where a file has them",
}
KINDS: Mapping[str, str] = {
    "est": "est", "se": "se", "std.lv": "std", "std.all": "std", "std.all.se": "std",
    "limit": "limits", "mi": "mi", "epc": "mi", "sepc.lv": "mi", "sepc.all": "mi",
}  # fmt: skip
TESTS = ("chisq", "df", "pvalue", "baseline")
BEGIN, END = "<!-- shared files: begin -->", "<!-- shared files: end -->"
HAND, HAND_END = "<!-- by hand: begin -->", "<!-- by hand: end -->"


@dataclass
class Row:
    """One fit: the largest relative difference per column and what is beyond its bar."""

    name: str
    feature: str
    reason: str = ""
    skipped: frozenset[str] = frozenset()
    worst: dict[str, float] = field(default_factory=dict)
    beyond: list[str] = field(default_factory=list)


def compared(
    case: cases.Case, solution: Solution, ref: reference.Reference, bars: cases.Bars
) -> Row:
    """All differences of one fit."""
    row = Row(case.name, case.feature, case.reason, case.skip)
    for d in reference.differences(solution, ref):
        if {d.kind, d.name} & case.skip:
            continue
        column = KINDS.get(d.kind, "moments")
        if d.kind == "measure":
            column = "chi2" if d.name.startswith(TESTS) else "fit"
        row.worst[column] = max(row.worst.get(column, 0.0), d.relative)
        if not d.excess(bars) <= 1.0:
            row.beyond.append(f"{d.kind} {d.name}: {d.ours:.8g} here, {d.theirs:.8g} in lavaan")
    return row


def load(path: Path) -> dict[str, Any]:
    """A JSON file."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


# The cases


def shipped(results: Path | None = None) -> Iterator[Row]:
    """The shipped cases against stored results, or those of a live run."""
    for case in cases.SHIPPED:
        try:
            ref = cases.shipped_reference(case, *([results] if results else []))
        except KeyError:
            yield Row(case.name, case.feature, beyond=["no result of lavaan"])
            continue
        yield compared(case, cases.solve_shipped(case), ref, case.bars)


def shipped_plain() -> Iterator[Row]:
    """Single-group ML of the shipped data and of every study with a published matrix."""
    for name in load(cases.GOLDEN / "cases.json"):
        ref = reference.compact(load(cases.GOLDEN / f"{name}.json"))
        unpolished = {} if ref.raw["polished"] else cases.UNPOLISHED
        skip = _own_bread(ref)
        reason = cases.RESIDUALS if skip else "" if ref.raw["polished"] else cases.NONLINEAR
        case = cases.Case(name, "", skip=skip, reason=reason)
        yield compared(case, cases.solve_plain(ref), ref, unpolished)
    for key, raw in load(cases.GOLDEN / "studies.json").items():
        ref = reference.compact({"data": key.split("/")[0], "options": {}} | raw)
        yield compared(cases.Case(key, "", feature="study"), cases.solve_plain(ref), ref, {})


def _own_bread(ref: reference.Reference) -> frozenset[str]:
    observed = ref.raw["options"].get("information") == "observed"
    return frozenset({"residual.se"} if observed else ())


def shared() -> Iterator[Row]:
    """The reference files beside the product."""
    for case in cases.SHARED:
        solution, ref = cases.solve(case, SHARED)
        yield compared(case, solution, ref, case.bars)


# Live


def live() -> int:
    """Fit the shipped cases in both programs; the exit code."""
    program = shutil.which("Rscript")
    if program is None:
        print("parity: Rscript not found, skipped")
        return 0
    probe = 'stopifnot(requireNamespace("jsonlite")); cat(as.character(packageVersion("lavaan")))'
    found = subprocess.run([program, "-e", probe], capture_output=True, text=True, check=False)
    if found.returncode:
        print("parity: R has no lavaan or no jsonlite, skipped")
        return 0
    print(f"parity: lavaan {found.stdout}, {len(cases.SHIPPED)} cases")
    with tempfile.TemporaryDirectory() as folder:
        rows = list(shipped(_run(program, Path(folder))))
    print(_text_table(rows))
    wrong = [row for row in rows if row.beyond]
    for row in wrong:
        print("\n".join([f"\n{row.name}:", *(f"  {line}" for line in row.beyond[:5])]))
    print(f"parity: {len(rows) - len(wrong)} of {len(rows)} cases within the bars")
    return 1 if wrong else 0


def _run(program: str, folder: Path) -> Path:
    """lavaan's results of all cases in one file; two processes share the work."""
    names = [case.name for case in cases.SHIPPED]
    parts = [folder / "0.json", folder / "1.json"]
    running = [
        subprocess.Popen(
            [program, "make_estimators.R", str(part), *names[i :: len(parts)]],
            cwd=cases.GOLDEN,
            stdout=subprocess.DEVNULL,
        )
        for i, part in enumerate(parts)
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        sys.exit("parity: R stopped with an error")
    fits: dict[str, object] = {}
    for part in parts:
        fits |= load(part)["fits"]
    target = folder / "all.json"
    target.write_text(json.dumps({"fits": fits}), "utf-8")
    return target


def _text_table(rows: Sequence[Row]) -> str:
    width = max(len(row.name) for row in rows)
    head = " ".join([" " * width, *(f"{name:>8}" for name in COLUMNS if name != "moments")])
    lines = [
        " ".join(
            [f"{row.name:<{width}}"]
            + [_number(row.worst, name) for name in COLUMNS if name != "moments"]
            + ["beyond the bars"] * bool(row.beyond)
        )
        for row in rows
    ]
    return "\n".join([head, *lines])


def _number(worst: Mapping[str, float], name: str) -> str:
    return f"{worst[name]:8.0e}" if name in worst else f"{'':>8}"


# The report


def report(target: Path) -> str:
    """The text of docs/parity.md; the section of absent shared files is that of ``target``."""
    first, second = list(shipped()), list(shipped_plain())
    return "\n".join(
        [
            *_introduction(),
            "## Shipped cases: estimators, groups, missing answers, ordered items",
            "",
            *_table(first),
            "## Shipped cases: single-group ML and every study with a published matrix",
            "",
            *_table(second),
            "Exceptions:",
            "",
            *_exceptions([*first, *second]),
            BEGIN,
            *(_shared_section() if (SHARED / "golden").is_dir() else _kept(target)),
            END,
            "",
            "## Fit measures of lavaan that are not reported",
            "",
            *(f"- `{name}`: {words}" for name, words in cases.UNREPORTED.items()),
            "",
            HAND,
            *_kept(target, HAND, HAND_END),
            HAND_END,
            "",
            *_galeries(),
        ]
    )


def _introduction() -> list[str]:
    version = load(cases.GOLDEN / "estimators_lavaan.json")["lavaan"]
    return [
        "# Parity with lavaan",
        "",
        "Made by `python tools/parity.py --write docs/parity.md` from results of lavaan",
        f"{version}, whose fits were taken to their optimum by Newton steps. `make parity` fits",
        "the first table anew in both programs where R has lavaan.",
        "",
        "Every entry is the largest difference of a column, relative to lavaan's number (to",
        "0.001 more than it, so that numbers near 0 count), rounded up to a power of ten. Bars:",
        "1e-5, and 1e-4 with ordered items, whose correlations are searched for one by one.",
        "The columns:",
        "",
        *(f"- **{name}**: {words}" for name, words in COLUMNS.items()),
        "",
        "lavaan finds the limits of the RMSEA only to 1.2e-4, hence their own column.",
        "",
    ]


def _table(rows: Sequence[Row]) -> list[str]:
    columns = [name for name in COLUMNS if any(name in row.worst for row in rows)]
    lines = [
        "| feature | case | " + " | ".join(columns) + " |",
        "|---|---|" + "---|" * len(columns),
    ]
    for row in sorted(rows, key=lambda row: row.feature):
        if row.beyond:
            sys.exit(f"parity: {row.name} is beyond its bar: {row.beyond[0]}")
        cells = [_power(row.worst[name]) if name in row.worst else "" for name in columns]
        lines.append(f"| {row.feature} | {row.name} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def _exceptions(rows: Sequence[Row]) -> list[str]:
    """Reasons with the cases that they hold for, and what was left out of these."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.reason:
            key = row.reason, ", ".join(sorted(row.skipped))
            reasons.setdefault(key, []).append(f"`{row.name}`")
    lines = []
    for (reason, skipped), names in reasons.items():
        without = f" (left out: {skipped})" if skipped else ""
        lines.append(f"- {reason}{without}: {', '.join(names)}")
    return [*lines, ""]


def _power(value: float) -> str:
    return "0" if value == 0 else "<1e-9" if value <= 1e-9 else f"1e{ceil(log10(value))}"


def _shared_section() -> list[str]:
    rows = list(shared())
    return [
        "## Reference files beside the product",
        "",
        *_table(rows),
        "Exceptions:",
        "",
        *_exceptions(rows),
        "Files that are no such fit, and where they are compared:",
        "",
        *(f"- `{name}`: {words}" for name, words in cases.ELSEWHERE.items()),
        "",
    ]


def _kept(target: Path, begin: str = BEGIN, end: str = END) -> list[str]:
    """What stands between two marks of the present page."""
    if not target.exists():
        return []
    _, _, rest = target.read_text("utf-8").partition(begin + "\n")
    return rest.partition(end)[0].splitlines()


# A published model

WHY = """\
What differs, and why:

- The printed analysis uses all {n} respondents, by full information maximum likelihood over
  {patterns} patterns of missing answers; the moments are those of the {here} respondents who
  answered all 41 items.
- That the chi-squares are close is an accident: they come from samples of different size. With
  missing answers chi-square grows with the information that is left while the RMSEA divides by
  the number of respondents, so that misfit looks smaller than with complete answers (Zhang &
  Savalei 2020); hence the better indices in print.
- Robust statistics need the answers themselves: {robust}.
- {agree} of {paths} printed paths lie in the 95% interval of the refit (a lenient test, for the
  samples overlap). The others are small, of image facets that correlate up to {largest:.2f}
  with each other: {outside}.

What follows: the degrees of freedom; {npar} parameters less {means} means are the {free} of the
refit; professionalism as the strongest facet for satisfaction and ambiance for commitment, and
satisfaction and commitment as the drivers of loyalty; and the printed explained variances,
to rounding, from the printed paths and factor correlations."""


def _galeries() -> list[str]:
    solution, printed, paths = galeries.refit(), galeries.printed(), galeries.paths()
    followed = galeries.explained_variances()
    fit = [
        f"| {name} | {value:g} | {solution.measures[name].value:.3f} | |"
        for name, value in printed["fit"].items()
    ]
    r2 = [
        f"| R2 {name} | {value:.3f} | {solution.r2[name]:.3f} | {followed[name]:.3f} |"
        for name, value in printed["r2"].items()
    ]
    outside = [f"{p.predictor} to {p.outcome}" for p in paths if not p.agrees]
    words = WHY.format(
        n=printed["n"], patterns=printed["patterns"], npar=printed["npar"],
        here=solution.n, means=len(solution.names),
        free=round(solution.measures["npar"].value), agree=len(paths) - len(outside),
        paths=len(paths), outside="; ".join(outside),
        robust=", ".join(f"{k} {v:g}" for k, v in printed["robust"].items()),
        largest=max(abs(r) for row in printed["factor_correlations"] for r in row[:-1]),
    )  # fmt: skip
    return [
        "## A published model: Galeries Lafayette Berlin",
        "",
        f"Source: {printed['source']}. Refit: `published.lav` on the study's moments.",
        "",
        "| quantity | printed | from the moments | from the printed paths |",
        "|---|---|---|---|",
        *fit,
        *r2,
        "",
        words,
        "",
        "| path | printed | from the moments | 95% interval |",
        "|---|---|---|---|",
        *(
            f"| {p.outcome} ~ {p.predictor} | {p.printed:.3f} | {p.here:.3f} "
            f"| {p.lower:.3f} to {p.upper:.3f} |"
            for p in paths
        ),
        "",
    ]


def main(arguments: Sequence[str]) -> int:
    if not arguments:
        return live()
    if len(arguments) != 2 or arguments[0] != "--write":
        sys.exit("usage: parity.py [--write FILE]")
    target = Path(arguments[1])
    target.write_text(report(target), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
