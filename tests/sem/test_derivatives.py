"""Derivatives against definitions evaluated in complex arithmetic and against differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from analysis.sem.algebra import half_vector
from analysis.sem.constraints import Constraints, complex_step
from analysis.sem.estimators import LossName
from analysis.sem.fit import make_objective
from analysis.sem.implied import implied, jacobian, pullback, second_order
from analysis.sem.model import Model, compile_model
from analysis.sem.moments import GroupMoments, Moments
from analysis.sem.objective import Objective
from analysis.sem.standardize import Standardizer
from analysis.syntax import PartableOptions, parse_model, partable

Array = np.ndarray

# A complex step has no cancellation: what is left is rounding in matrices of condition 1e2 or so.
EXACT = 1e-10
# Richardson's extrapolation of central differences leaves about eps^(6/7).
DIFFERENCES = 2e-8

MODELS = {
    "measurement": "f =~ a + b + c\ng =~ d + e + h",
    "structure": "f =~ a + b + c\ng =~ d + e + h\ng ~ f\na ~~ d\nb ~~ c",
    "feedback": "f =~ a + b + c\ng =~ d + e + h\nf ~ 0.2*g + a1*h\ng ~ f + a2*a",
    "second_order": "f =~ a + b\ng =~ c + d\nk =~ e + h\nt =~ f + g + k",
    "observed": "a ~ b + c\nd ~ a + c\ne ~~ h",
    "constrained": "f =~ a + x*b + y*c\ng =~ d + z*e + z*h\nx == exp(y) - 1\nx > 0.1\n"
    "f ~~ v*f\nr := x*v/(1 + y^2)",
}
NAMES = tuple("abcdeh")


def sample(groups: int, means: bool, seed: int = 1) -> Moments:
    random = np.random.default_rng(seed)
    found = []
    for g in range(groups):
        mixing = random.normal(size=(len(NAMES), len(NAMES))) / 3 + np.eye(len(NAMES))
        rows = random.normal(size=(60 + 17 * g, len(NAMES))) @ mixing + random.normal(
            size=len(NAMES)
        )
        found.append(Moments.from_data(rows, NAMES).groups[0])
    labelled = [replace(m, label=f"g{i}") for i, m in enumerate(found)]
    return Moments(NAMES, tuple(labelled))


def build(text: str, groups: int, means: bool) -> tuple[Model, Moments]:
    moments = sample(groups, means)
    labels = tuple(g.label for g in moments.groups)
    options = PartableOptions(groups=labels, meanstructure=means, fixed_x=False)
    table = partable(parse_model(text), observed=NAMES, options=options)
    return compile_model(table, moments.select(table.observed)), moments.select(table.observed)


def pointwise(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A function of one point (q,) as one of many, (q, b) to (r, b)."""
    return lambda points: np.array([function(x) for x in points.T]).T


def inside(model: Model, objective: Objective, seed: int = 7) -> Array:
    """A point where every Sigma is positive definite and nothing is at its optimum."""
    random = np.random.default_rng(seed)
    theta = random.uniform(0.1, 0.4, model.q)
    for row in model.free:
        if row.op == "~~" and row.lhs == row.rhs:
            theta[row.free - 1] = random.uniform(1.0, 2.0)
        if row.op == "=~":
            theta[row.free - 1] = random.uniform(0.7, 1.3)
    assert np.isfinite(objective.value(theta))
    return theta


def by_definition(
    name: LossName, S: Array, mean: Array | None, V: Array, Sigma: Array, mu: Array
) -> Any:
    """F of one group, analytic in Sigma and mu, from textbook formulas."""
    if name == "ML":
        inverse = np.linalg.inv(Sigma)
        value = (
            np.log(np.linalg.det(Sigma)) - np.log(np.linalg.det(S)) + np.trace(S @ inverse) - len(S)
        )
        return value if mean is None else value + (mean - mu) @ inverse @ (mean - mu)
    if name == "GLS":
        W = np.linalg.inv(S)
        R = (S - Sigma) @ W
        value = 0.5 * np.trace(R @ R)
        return value if mean is None else value + (mean - mu) @ W @ (mean - mu)
    r = half_vector(S) - half_vector(Sigma)
    r = r if mean is None else np.concatenate([mean - mu, r])
    return r @ V @ r


def moments_by_definition(group: Any, theta: Array) -> tuple[Array, Array]:
    A, S, m = group.matrices(theta)
    B = np.linalg.inv(np.eye(len(A)) - A)
    p = group.p
    return (B @ S @ B.T)[:p, :p], (B @ m)[:p]


def weight_by_definition(name: LossName, group: GroupMoments, means: bool) -> Array:
    """Weights of least squares from the rows: identity, or the inverse of fourth moments."""
    assert group.rows is not None and group.mean is not None
    z = group.rows - group.mean
    row, col = np.triu_indices(z.shape[1])
    products = z[:, col] * z[:, row]
    D = products - products.mean(axis=0)
    D = np.concatenate([z, D], axis=1) if means else D
    Gamma = D.T @ D / len(D)
    if name == "ULS":
        return np.eye(len(Gamma))
    return np.linalg.inv(Gamma) if name == "WLS" else np.diag(1.0 / np.diag(Gamma))


def whole(name: LossName, model: Model, moments: Moments) -> Callable[[Array], Any]:
    means = model.meanstructure
    parts = [
        (group, g, g.mean if means else None, weight_by_definition(name, g, means))
        for group, g in zip(model.groups, moments.groups, strict=True)
    ]

    less = 0 if name == "ML" else 1  # lavaan's weight of a group

    def value(theta: Array) -> Any:
        return sum(
            (g.n - less)
            / moments.n
            * by_definition(name, g.cov, mean, V, *moments_by_definition(group, theta))
            for group, g, mean, V in parts
        )

    return value


def differences(function: Callable[[Array], Array], x: Array) -> Array:
    """Jacobian of a real function by central differences, extrapolated twice."""
    columns = []
    for k in range(len(x)):
        step = np.zeros_like(x)
        step[k] = 1.0

        def central(h: float, step: Array = step) -> Array:
            return (function(x + h * step) - function(x - h * step)) / (2 * h)

        h = 4e-3
        first = [central(h), central(h / 2), central(h / 4)]
        second = [(4 * b - a) / 3 for a, b in pairwise(first)]
        columns.append((16 * second[1] - second[0]) / 15)
    return np.array(columns).T


def assert_close(ours: Array, theirs: Array, tolerance: float) -> None:
    scale = max(1.0, float(np.abs(theirs).max()))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * scale)


LOSSES: tuple[LossName, ...] = ("ML", "ULS", "GLS", "WLS", "DWLS")
GRID = [(m, n, means, g) for m in MODELS for n in LOSSES for means in (False, True) for g in (1, 2)]


@pytest.mark.parametrize(("text", "name", "means", "groups"), GRID)
def test_value_and_gradient_equal_definition(
    text: str, name: LossName, means: bool, groups: int
) -> None:
    model, moments = build(MODELS[text], groups, means)
    objective = make_objective(model, moments, name)
    theta = inside(model, objective)
    definition = whole(name, model, moments)
    assert objective.value(theta) == pytest.approx(definition(theta), rel=EXACT)
    exact = complex_step(pointwise(lambda x: np.array([definition(x)])), theta)[0]
    assert_close(objective.gradient(theta), exact, EXACT)
    assert np.count_nonzero(exact) == model.q  # the point tests every entry


@pytest.mark.parametrize(("text", "name", "means", "groups"), [g for g in GRID if g[3] == 2])
def test_hessian_equals_differences_of_gradient(
    text: str, name: LossName, means: bool, groups: int
) -> None:
    model, moments = build(MODELS[text], groups, means)
    objective = make_objective(model, moments, name)
    theta = inside(model, objective)
    H = objective.hessian(theta)
    assert_close(H, differences(objective.gradient, theta), DIFFERENCES)
    np.testing.assert_allclose(H, H.T, rtol=0, atol=1e-12 * np.abs(H).max())


@pytest.mark.parametrize("text", MODELS)
@pytest.mark.parametrize("name", ["ML", "ULS", "GLS"])
@pytest.mark.parametrize("means", [False, True])
def test_expected_hessian_collapses_to_hessian_where_model_fits(
    text: str, name: LossName, means: bool
) -> None:
    """With the model's own moments as the sample the residual terms vanish."""
    model, moments = build(MODELS[text], 1 if name != "ML" else 2, means)
    theta = inside(model, make_objective(model, moments, name))
    perfect = []
    for group, g in zip(model.groups, moments.groups, strict=True):
        Sigma, mu = moments_by_definition(group, theta)
        perfect.append(GroupMoments(g.label, g.n, Sigma, mu))
    objective = make_objective(model, Moments(moments.names, tuple(perfect)), name)
    assert objective.value(theta) == pytest.approx(0.0, abs=1e-12)
    assert np.abs(objective.gradient(theta)).max() < 1e-12
    weight = 1.0 if name == "ML" else (moments.n - 1) / moments.n
    assert_close(weight * objective.expected_hessian(theta), objective.hessian(theta), EXACT)


@pytest.mark.parametrize("text", MODELS)
@pytest.mark.parametrize("means", [False, True])
def test_jacobian_pullback_and_second_order(text: str, means: bool) -> None:
    model, _ = build(MODELS[text], 2, means)
    random = np.random.default_rng(3)
    theta = random.uniform(0.2, 0.6, model.q)
    for group in model.groups:
        at = implied(group, theta)
        Sigma, mu = moments_by_definition(group, theta)
        assert_close(at.Sigma, Sigma, EXACT)
        assert_close(at.mu, mu, EXACT)
        p = group.p
        J = jacobian(group, at, model.q)
        covariances = pointwise(lambda x, g=group: moments_by_definition(g, x)[0].ravel())
        exact = complex_step(covariances, theta)
        assert_close(J.dSigma.reshape(model.q, -1).T, exact, EXACT)
        means_of = pointwise(lambda x, g=group: moments_by_definition(g, x)[1])
        exact = complex_step(means_of, theta)
        assert_close(J.dmu.T, exact, EXACT)
        Q = random.normal(size=(p, p))
        Q, c = Q + Q.T, random.normal(size=p)
        contracted = np.einsum("kij,ij->k", J.dSigma, Q) + J.dmu @ c
        assert_close(pullback(group, at, Q, c, model.q), contracted, EXACT)

        def slope(x: Array, group: Any = group, Q: Array = Q, c: Array = c) -> Array:
            return pullback(group, implied(group, x), Q, c, model.q)

        assert_close(second_order(group, at, Q, c, model.q), differences(slope, theta), DIFFERENCES)


@pytest.mark.parametrize("text", MODELS)
@pytest.mark.parametrize("latent_only", [False, True])
def test_standardizer_equals_differences(text: str, latent_only: bool) -> None:
    """What the delta method of standardized estimates is built on."""
    model, moments = build(MODELS[text], 1, True)
    theta = inside(model, make_objective(model, moments, "ML"))
    standardize = Standardizer(model, latent_only=latent_only)
    exact = complex_step(standardize, theta)
    assert_close(exact, differences(lambda x: np.real(standardize(x)), theta), DIFFERENCES)
    values, J = standardize.with_jacobian(theta)
    assert_close(values, np.real(standardize(theta)), EXACT)
    assert_close(J, exact, EXACT)
    assert np.isrealobj(standardize(theta))


CONSTRAINED = {
    "linear": "f =~ a + x*b + y*c\ng =~ d + z*e + z*h\nx == y\n",
    "nonlinear": "f =~ a + x*b + y*c\ng =~ d + z*e + w*h\nx == y^2\nz + w == 2\nx*z > 0.1\nw < 3\n",
}


@pytest.mark.parametrize("name", CONSTRAINED)
def test_constraints_and_their_directions(name: str) -> None:
    model, moments = build(CONSTRAINED[name], 1, False)
    constraints = Constraints.of(model)
    theta = inside(model, make_objective(model, moments, "ML"))
    label = {r.label: r.free - 1 for r in model.free if r.label}
    x, y, z = (theta[label[name]] for name in "xyz")
    h, J = constraints.equality(theta)
    if name == "linear":
        other = next(r.free - 1 for r in model.free if r.label == "z" and r.free - 1 != label["z"])
        assert sorted(np.abs(h)) == pytest.approx(sorted([abs(x - y), abs(z - theta[other])]))
    else:
        w = theta[label["w"]]
        np.testing.assert_allclose(h, [x - y**2, z + w - 2])
        g, Jg = constraints.inequality(theta)
        np.testing.assert_allclose(g, [x * z - 0.1, 3 - w])
        assert_close(Jg, differences(lambda t: constraints.inequality(t)[0], theta), DIFFERENCES)
    assert_close(J, differences(lambda t: constraints.equality(t)[0], theta), DIFFERENCES)
    Z = constraints.basis(theta)
    assert Z.shape == (model.q, model.q - 2)
    np.testing.assert_allclose(Z.T @ Z, np.eye(model.q - 2), atol=1e-12)
    np.testing.assert_allclose(J @ Z, 0.0, atol=1e-12)


def test_definitions_equal_differences() -> None:
    model, moments = build(MODELS["constrained"], 1, False)
    bindings = Constraints.of(model).bindings
    theta = inside(model, make_objective(model, moments, "ML"))
    exact = complex_step(bindings.definitions, theta)
    assert_close(exact, differences(lambda t: np.real(bindings.definitions(t)), theta), DIFFERENCES)
