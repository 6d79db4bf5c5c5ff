"""Latent interactions by product indicators, simple slopes and moderated mediation."""

from analysis.methods.moderation.latent import Moderation, latent_interactions
from analysis.methods.moderation.mediation import ModeratedMediation, moderated_mediation
from analysis.methods.moderation.probing import (
    JohnsonNeyman,
    Probe,
    SimpleSlope,
    johnson_neyman,
    probe,
    slope_band,
)
from analysis.methods.moderation.products import Interaction, Pairs, matched_pairs, products

__all__ = [
    "Interaction",
    "JohnsonNeyman",
    "ModeratedMediation",
    "Moderation",
    "Pairs",
    "Probe",
    "SimpleSlope",
    "johnson_neyman",
    "latent_interactions",
    "matched_pairs",
    "moderated_mediation",
    "probe",
    "products",
    "slope_band",
]
