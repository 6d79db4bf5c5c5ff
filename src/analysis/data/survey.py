"""Answers of a survey, validated and cleaned, with an account of every row."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.data.checks import Array, group_problems, item_problems  # fmt: skip
from analysis.data.cleaning import to_labels
from analysis.data.codebook import Codebook
from analysis.data.names import levels_text, listed, nearest, shown_value
from analysis.errors import InputError, Message, message

DURATION = "duration_seconds"


@dataclass(frozen=True)
class Survey:
    """Answers of the respondents who count.

    Attributes
    ----------
    frame : one row per respondent, index = row number in the file; items are float with NaN on
        the codebook's scale with reversed items turned round; groups and categories are text with
        None; dates are datetime64; the id is a pseudonym; personal columns are not there. Columns
        have the codebook's names (columns of ``roles`` the file's). ``duration_seconds`` is there
        if the codebook has times.
    n_read, n_used : rows of the file, rows of ``frame``
    dropped : why rows were left out -> how many (keys of the locale's ``data.drop``)
    warnings, fixes : what is odd; what was put right, with counts
    filters : the selections that led here
    personal : personal column -> filled cells
    undeclared : columns of the file that the codebook does not name
    lasting_ids : whether pseudonyms can be joined between runs (a key was given)
    digest : SHA-256 of the data file
    """

    frame: pd.DataFrame
    codebook: Codebook
    n_read: int
    n_used: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Message, ...] = ()
    fixes: tuple[Message, ...] = ()
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    personal: Mapping[str, int] = field(default_factory=dict)
    undeclared: tuple[str, ...] = ()
    lasting_ids: bool = False
    digest: str = ""

    def items(self, names: Sequence[str], *, check: bool = True) -> Array:
        """Answers to some items, (n_used, len(names)) float64 with NaN, C order.

        Parameters
        ----------
        check : refuse items that are constant, copies or exact sums among these rows

        Raises
        ------
        InputError
            For unknown items (with the nearest names), and for what ``check`` finds.
        """
        known = self.codebook.item_names
        problems = [
            message("data.unknown_name", key="items", value=shown_value(name), kind="items",
                    near=listed(nearest(name, known) or known))
            for name in dict.fromkeys(names) if name not in known
        ]  # fmt: skip
        if problems:
            raise InputError(problems)
        X = np.ascontiguousarray(self.frame[list(names)].to_numpy(dtype=np.float64))
        if check:
            entries = [self.codebook.item(name) for name in names]
            empty = [e.name for e, x in zip(entries, X.T) if np.isnan(x).all()]
            problems = [self._empty_item(name) for name in empty]
            problems += item_problems(X, entries)[0]
            if problems:
                raise InputError(problems)
        return X

    def _empty_item(self, name: str) -> Message:
        shown = self.filter_text() or "–"
        return message("data.item_empty_here", item=name, filters=shown, n=self.n_used)

    def levels(self, group: str) -> dict[str, int]:
        """Levels of a grouping column with their respondents, in the codebook's order."""
        declared = self.codebook.group(self._group(group)).levels
        counts = Counter(label for label in self.frame[group] if label is not None)
        order = [*declared, *sorted(set(counts) - set(declared))]
        return {level: counts[level] for level in order if counts[level]}

    def labels(self, group: str) -> tuple[str | None, ...]:
        """The group of each row."""
        return tuple(self.frame[self._group(group)])

    def comparison(self, group: str, names: Sequence[str]) -> tuple[Message, ...]:
        """Warnings about comparing the levels of ``group`` on some items.

        Raises
        ------
        InputError
            If a level is too small, or an item is constant or empty in one of them.
        """
        X = self.items(names, check=False)
        errors, warnings = group_problems(
            X, names, self.labels(group), group=group, least=self.codebook.options.min_group,
            levels=self.levels(group),
        )  # fmt: skip
        if errors:
            raise InputError(errors)
        return tuple(warnings)

    def filter(self, **levels: str | Sequence[str] | None) -> Survey:
        """The respondents of some levels, for example ``filter(channel="app", wave=["1", "2"])``.

        None means no selection on that group.

        Raises
        ------
        InputError
            For unknown groups or levels (lists the good ones), and if nobody is left.
        """
        frame, filters, problems = self.frame, list(self.filters), []
        for group, wanted in levels.items():
            if wanted is None:
                continue
            chosen = tuple(to_labels([wanted] if isinstance(wanted, str | int) else list(wanted)))
            known = self.levels(group)
            for level in chosen:
                if level not in known:
                    near = nearest(str(level), known) or tuple(known)
                    problems.append(
                        message("data.level_not_there", group=group, level=shown_value(level),
                                near=listed(near), levels=levels_text(known))
                    )  # fmt: skip
            names = tuple(str(level) for level in chosen)
            frame = frame[frame[group].isin(names)]
            filters.append((group, names))
        if problems:
            raise InputError(problems)
        return self._smaller(frame, "filter", tuple(filters))

    def keep(self, mask: npt.ArrayLike, *, reason: str = "screening") -> Survey:
        """The respondents where ``mask`` (n_used,) is true; the rest is counted under ``reason``.

        Raises
        ------
        InputError
            If nobody is left.
        """
        chosen = np.asarray(mask, dtype=bool)
        if chosen.shape != (self.n_used,):
            raise ValueError(f"mask has shape {chosen.shape}, expected ({self.n_used},)")
        return self._smaller(self.frame[chosen], reason, self.filters)

    def filter_text(self) -> str:
        """The selections in one line: ``channel = app, wave = 1 | 2``."""
        return ", ".join(f"{group} = {' | '.join(levels)}" for group, levels in self.filters)

    def _smaller(
        self, frame: pd.DataFrame, reason: str, filters: tuple[tuple[str, tuple[str, ...]], ...]
    ) -> Survey:
        left = len(frame)
        shown = ", ".join(f"{group} = {' | '.join(levels)}" for group, levels in filters)
        if not left:
            raise InputError(
                message("data.nobody_left", before=self.n_used, filters=shown or reason)
            )
        warnings = self.warnings
        if left < 100 <= self.n_used:
            warnings += (message("data.few_left", n=left, filters=shown or reason),)
        gone = self.n_used - left
        dropped = {**self.dropped, reason: self.dropped.get(reason, 0) + gone}
        return dataclasses.replace(
            self, frame=frame, n_used=left, filters=filters, warnings=warnings,
            dropped=dropped if gone else self.dropped,
        )  # fmt: skip

    def _group(self, group: str) -> str:
        names = tuple(g.name for g in self.codebook.groups)
        if group not in names:
            near = nearest(group, names) or names
            raise InputError(
                message("data.unknown_name", key="groups", value=shown_value(group),
                        kind="groups", near=listed(near) or "–")
            )  # fmt: skip
        return group
