# Dynamic cut-offs by plain simulation: lavaan draws samples from the fitted model with planted
# misspecifications and refits the model to each.
#   Rscript make_fit_cutoffs.R     (from this folder; writes fit_cutoffs.json, some minutes)
# The rules are those of McNeish & Wolf (2023); populations are written out here by hand from
# lavaan's standardized solution.
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
stopifnot(packageVersion("lavaan") == "0.6.14")
reps <- 400
draw <- function(Sigma, n) {
  x <- matrix(rnorm(n * nrow(Sigma)), n) %*% chol(Sigma)
  colnames(x) <- rownames(Sigma); as.data.frame(x)
}
population <- function(L, Phi, residual = diag(nrow(L)) * 0) {
  S <- L %*% Phi %*% t(L) + residual
  diag(S) <- 1; S
}
simulate <- function(model, Sigma, n) {
  out <- replicate(reps, {
    fit <- suppressWarnings(cfa(model, draw(Sigma, n), se = "none"))
    if (lavInspect(fit, "converged")) fitMeasures(fit, c("srmr", "rmsea", "cfi")) else rep(NA, 3)
  })
  out <- out[, !is.na(out[1, ])]
  rownames(out) <- c("srmr", "rmsea", "cfi"); out
}
quantiles <- function(x) {
  q <- t(apply(x, 1, quantile, c(.05, .10, .50, .90, .95)))
  apply(q, 1, function(r) setNames(as.list(r), c("p05", "p10", "p50", "p90", "p95")))
}
std <- function(fit) lapply(lavInspect(fit, "std"), unclass)
set.seed(20230101)
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
s <- std(cfa(three, HolzingerSwineford1939))
L <- s$lambda; Phi <- s$psi
levels3 <- list(population(L, Phi))
L["x2", "textual"] <- L["x2", "visual"]   # weakest item of visual, onto the factor of highest H
levels3[[2]] <- population(L, Phi)
L["x7", "textual"] <- L["x7", "speed"]    # then the weakest item of speed
levels3[[3]] <- population(L, Phi)
one <- "f =~ x1 + x2 + x3 + x4 + x5 + x6"
s <- std(cfa(one, HolzingerSwineford1939))
l <- s$lambda; e <- sqrt(1 - l[, 1]^2)
pairs <- list(c("x3", "x2"), c("x1", "x6"), c("x5", "x4"))
R <- diag(6) * 0; dimnames(R) <- list(rownames(l), rownames(l))
levels1 <- list(population(l, diag(1), R))
for (pair in pairs) {
  R[pair[1], pair[2]] <- R[pair[2], pair[1]] <- .30 * prod(e[pair])
  levels1[[length(levels1) + 1]] <- population(l, diag(1), R)
}
out <- list(replications = reps,
  three = lapply(levels3, function(S) quantiles(simulate(three, S, 301))),
  one = lapply(levels1, function(S) quantiles(simulate(one, S, 301))))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(8), pretty = TRUE), "fit_cutoffs.json")
