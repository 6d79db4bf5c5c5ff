"""The same respondents over waves: longitudinal invariance, latent change, cross-lagged paths."""

from analysis.methods.waves.change import (
    Changes,
    CrossLagged,
    LaggedPath,
    LatentChange,
    Mean,
    cross_lagged,
    latent_change,
)
from analysis.methods.waves.ladder import (
    Proposal,
    WaveChange,
    WaveLadder,
    WaveRung,
    wave_ladder,
)
from analysis.methods.waves.panel import Panel, panel
from analysis.methods.waves.writing import Constructs, constructs_of, wave_name

__all__ = [
    "Changes",
    "Constructs",
    "CrossLagged",
    "LaggedPath",
    "LatentChange",
    "Mean",
    "Panel",
    "Proposal",
    "WaveChange",
    "WaveLadder",
    "WaveRung",
    "constructs_of",
    "cross_lagged",
    "latent_change",
    "panel",
    "wave_ladder",
    "wave_name",
]
