"""Rival models: what else the same data could mean."""

from analysis.methods.rivals.alternatives import Kind, Rival, rivals
from analysis.methods.rivals.comparison import (
    ComparedModel,
    MediationTest,
    Relation,
    compare_models,
    mediation_tests,
)
from analysis.methods.rivals.edits import Paths, rebuilt
from analysis.methods.rivals.equivalent import Equivalent, EquivalentModels, equivalent_models
from analysis.methods.rivals.vuong import Vuong, vuong_test, weighted_chi2_sf

__all__ = [
    "ComparedModel",
    "Equivalent",
    "EquivalentModels",
    "Kind",
    "MediationTest",
    "Paths",
    "Relation",
    "Rival",
    "Vuong",
    "compare_models",
    "equivalent_models",
    "mediation_tests",
    "rebuilt",
    "rivals",
    "vuong_test",
    "weighted_chi2_sf",
]
