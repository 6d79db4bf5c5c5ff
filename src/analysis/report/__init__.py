"""Evidence in words, tables and figures: what notebooks show and reports are made of.

Builders turn result records into ``Evidence``; ``render_report`` turns an executed notebook into
one self-contained HTML file. No statistics are computed here.
"""

from analysis.report.diagram import path_diagram
from analysis.report.distinct import distinct_figure, distinct_table
from analysis.report.effects import effects_table
from analysis.report.engines import engine_table
from analysis.report.evidence import Evidence, from_payload
from analysis.report.fit import fit_figure, fit_table, fit_verdict
from analysis.report.fit_bootstrap import fit_bootstrap_table
from analysis.report.html import render_report
from analysis.report.htmt import htmt_table
from analysis.report.index import render_index
from analysis.report.indices import judged
from analysis.report.labels import Labels
from analysis.report.loadings import loadings_figure, loadings_table
from analysis.report.misfit import modification_table, residuals_figure, residuals_table
from analysis.report.prose import conclusive, ending
from analysis.report.records import Column, Figure, Notice, Table, Verdict
from analysis.report.reliability import reliability_table
from analysis.report.reliability_figure import reliability_figure
from analysis.report.sample import correlation_table, run_parameters, sample_summary
from analysis.report.specification import model_specification, outcome_banner, parameter_table
from analysis.report.structure import (
    defined_effects_table,
    effects_figure,
    paths_table,
    r2_table,
)
from analysis.report.validity import fornell_larcker_table
from analysis.report.writeup import methods_text

__all__ = [
    "Column",
    "Evidence",
    "Figure",
    "Labels",
    "Notice",
    "Table",
    "Verdict",
    "conclusive",
    "correlation_table",
    "defined_effects_table",
    "distinct_figure",
    "distinct_table",
    "effects_figure",
    "effects_table",
    "ending",
    "engine_table",
    "fit_bootstrap_table",
    "fit_figure",
    "fit_table",
    "fit_verdict",
    "fornell_larcker_table",
    "from_payload",
    "htmt_table",
    "judged",
    "loadings_figure",
    "loadings_table",
    "methods_text",
    "model_specification",
    "modification_table",
    "outcome_banner",
    "parameter_table",
    "path_diagram",
    "paths_table",
    "r2_table",
    "reliability_figure",
    "reliability_table",
    "render_index",
    "render_report",
    "residuals_figure",
    "residuals_table",
    "run_parameters",
    "sample_summary",
]
