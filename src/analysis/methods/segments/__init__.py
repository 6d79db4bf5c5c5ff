"""Segments: latent profiles and their rivals, trees that describe them, RFM tiers, migration."""

from analysis.methods.segments.behaviour import Kind, Outcome, outcome
from analysis.methods.segments.migration import Migration, migration
from analysis.methods.segments.mixture import STRUCTURES, Mixture, Structure, fit_mixture
from analysis.methods.segments.profiles import (
    LikelihoodRatio,
    Profiles,
    bootstrap_ratio,
    profiles,
    stability,
)
from analysis.methods.segments.rivals import Rival, rivals
from analysis.methods.segments.rules import Condition, Described, Rule, rules
from analysis.methods.segments.tiers import TIERS, Tiers, rfm_scores, tiers

__all__ = [
    "STRUCTURES",
    "TIERS",
    "Condition",
    "Described",
    "Kind",
    "LikelihoodRatio",
    "Migration",
    "Mixture",
    "Outcome",
    "Profiles",
    "Rival",
    "Rule",
    "Structure",
    "Tiers",
    "bootstrap_ratio",
    "fit_mixture",
    "migration",
    "outcome",
    "profiles",
    "rfm_scores",
    "rivals",
    "rules",
    "stability",
    "tiers",
]
