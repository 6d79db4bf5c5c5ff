"""What the population model implies: covariances, means, coefficients of smaller models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.methods.omnichannel.population import (
    CHANNELS,
    Floats,
    Population,
    lower_triangle,
)


def exogenous_correlation(population: Population) -> Floats:
    """Correlations (m, m) of the exogenous latents over all classes."""
    return lower_triangle(population["latents"]["correlations"])


def class_shares(population: Population) -> Floats:
    """Shares (k,) of the customer segments."""
    return np.array([c["share"] for c in population["classes"].values()])


def class_means(population: Population) -> Floats:
    """Class means (k, m) of the exogenous latents."""
    return np.array([c["means"] for c in population["classes"].values()])


def within_class_covariance(population: Population) -> Floats:
    """Covariance (m, m) of the exogenous latents within a class, store differences included."""
    shares, means = class_shares(population), class_means(population)
    between: Floats = np.einsum("k,ki,kj->ij", shares, means, means)
    within = exogenous_correlation(population) - between
    smallest = float(np.linalg.eigvalsh(within).min())
    if smallest <= 0.0:
        raise ValueError(f"the classes leave no variance: smallest eigenvalue {smallest:.3f}")
    return within


def coefficients(population: Population, channel: str) -> Floats:
    """Path matrix B (l, l): row = outcome, column = cause, in the order of ``latents``."""
    names = population.latents
    return np.array([[population.path(y, x, channel) for x in names] for y in names])


def residual_variances(population: Population, channel: str) -> Floats:
    """Variances (e,) of the disturbances that give every endogenous latent variance 1.

    Products of latents are counted as for normal variables.
    """
    names = population.latents
    m = len(population.exogenous)
    b = coefficients(population, channel)
    phi = np.eye(len(names))
    phi[:m, :m] = exogenous_correlation(population)
    residuals = []
    for row in range(m, len(names)):
        phi[row, :row] = phi[:row, row] = phi[:row, :row] @ b[row, :row]
        explained = float(b[row, :row] @ phi[:row, :row] @ b[row, :row])
        explained += _product_variance(population, names[row], phi)
        if explained >= 1.0:
            raise ValueError(f"the paths explain more than the variance of {names[row]}")
        residuals.append(1.0 - explained)
    return np.array(residuals)


def _product_variance(population: Population, outcome: str, phi: Floats) -> float:
    at = {name: i for i, name in enumerate(population.latents)}
    terms = [
        (float(p["coefficient"]), at[p["factors"][0]], at[p["factors"][1]])
        for p in population.tables.get("products", ())
        if p["outcome"] == outcome
    ]
    return sum(
        c * d * float(phi[i, k] * phi[j, n] + phi[i, n] * phi[j, k])
        for c, i, j in terms
        for d, k, n in terms
    )


def latent_covariance(population: Population, channel: str) -> Floats:
    """Covariance (l, l) of all latents in one channel around the group means; diagonal 1."""
    names = population.latents
    m = len(population.exogenous)
    b = coefficients(population, channel)
    phi = np.eye(len(names))
    phi[:m, :m] = exogenous_correlation(population)
    for row in range(m, len(names)):
        phi[row, :row] = phi[:row, row] = phi[:row, :row] @ b[row, :row]
    return phi


def latent_means(population: Population, *, brand: str, channel: str, wave: str) -> Floats:
    """Means (l,) of all latents in one cell; 0 in brand ``birch``, channel store, wave 1."""
    own = (
        population.shift("brand", brand)
        + population.shift("channel", channel)
        + population.shift("wave", wave)
    )
    b = coefficients(population, channel)
    return np.asarray(np.linalg.solve(np.eye(len(own)) - b, own), dtype=np.float64)


def pooled_covariance(population: Population) -> Floats:
    """Covariance (l, l) of all latents over brands, channels and waves as they are sampled."""
    sample = population["sample"]
    size = {"1": sample["persons"]["first"], "2": sample["persons"]["second"]}
    total = sum(size.values())
    weights, means, within = [], [], np.zeros((len(population.latents),) * 2)
    for channel in CHANNELS:
        share = float(sample["channels"][channel])
        within += share * latent_covariance(population, channel)
        for brand, part in sample["brands"].items():
            for wave, count in size.items():
                weights.append(share * part * count / total)
                means.append(latent_means(population, brand=brand, channel=channel, wave=wave))
    cells, w = np.array(means), np.array(weights)
    centred = cells - w @ cells
    between: Floats = np.einsum("c,ci,cj->ij", w, centred, centred)
    return within + between


def regression(
    covariance: Floats, names: Sequence[str], outcome: str, causes: Sequence[str]
) -> dict[str, float]:
    """Standardized coefficients of one latent on others, whatever else was left out."""
    sd = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(sd, sd)
    rows = [names.index(c) for c in causes]
    beta = np.linalg.solve(correlation[np.ix_(rows, rows)], correlation[rows, names.index(outcome)])
    return dict(zip(causes, (float(v) for v in beta), strict=True))


def core_paths(population: Population, channel: str | None = None) -> dict[str, float]:
    """Standardized paths of the core model (quality, image, satisfaction, loyalty).

    The core model leaves out the other drivers, so these are not the structural coefficients but
    what they imply; ``channel`` None pools brands, channels and waves.
    """
    phi = (
        pooled_covariance(population) if channel is None else latent_covariance(population, channel)
    )
    equations = {
        "image": ("quality",),
        "satisfaction": ("quality", "image"),
        "loyalty": ("satisfaction", "image", "quality"),
    }
    return {
        f"{outcome} ~ {cause}": value
        for outcome, causes in equations.items()
        for cause, value in regression(phi, population.latents, outcome, causes).items()
    }


def wave_covariance(population: Population, channel: str) -> Floats:
    """Covariance (l, l) of the latents in wave 1 (rows) with those in wave 2 (columns).

    For respondents of both waves in one channel; products of latents are left out.
    """
    stability = population["stability"]
    m = len(population.exogenous)
    size = len(population.latents)
    shares, means = class_shares(population), class_means(population)
    within = within_class_covariance(population)
    store = np.zeros((m, m))
    at = population.exogenous.index("quality")
    store[at, at] = float(population["sample"]["store_variance"])
    sources = np.zeros((size, size))
    moved = class_transition(population)
    between: Floats = np.einsum("k,ki,kc,cj->ij", shares, means, moved, means)
    sources[:m, :m] = between + float(stability["exogenous"]) * (within - store) + store
    noise = float(stability["disturbance"]) * residual_variances(population, channel)
    sources[range(m, size), range(m, size)] = noise
    total = np.linalg.inv(np.eye(size) - coefficients(population, channel))
    return np.asarray(total @ sources @ total.T, dtype=np.float64)


def class_transition(population: Population) -> Floats:
    """Chances (k, k) to be in a class in wave 2 given the class in wave 1.

    Who does not stay moves to the other classes in proportion to their shares.
    """
    shares = class_shares(population)
    stays = np.array([c["stays"] for c in population["classes"].values()])
    transition = np.tile(shares, (len(shares), 1))
    np.fill_diagonal(transition, 0.0)
    transition *= ((1.0 - stays) / transition.sum(axis=1))[:, None]
    np.fill_diagonal(transition, stays)
    return transition


def cross_lagged(population: Population, channel: str) -> dict[str, float]:
    """Standardized paths of satisfaction and loyalty in wave 2 on both in wave 1."""
    names = list(population.latents)
    pair = [names.index("satisfaction"), names.index("loyalty")]
    phi = latent_covariance(population, channel)[np.ix_(pair, pair)]
    across = wave_covariance(population, channel)[np.ix_(pair, pair)]
    beta = np.linalg.solve(phi, across)
    labels = ("satisfaction", "loyalty")
    return {
        f"{outcome} 2 ~ {cause} 1": float(beta[i, j])
        for j, outcome in enumerate(labels)
        for i, cause in enumerate(labels)
    }
