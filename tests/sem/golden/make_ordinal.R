# Thresholds, polychoric and polyserial correlations and their asymptotic covariance by lavaan
# 0.6-14, for ordinal_mixed.csv (simulated here). Run in this folder: Rscript make_ordinal.R
suppressMessages({library(lavaan); library(jsonlite)})
stopifnot(packageVersion("lavaan") == "0.6.14")

# lavaan stops its searches early: search again from where it stopped, with a finer tolerance.
fine <- list(rel.tol = 1e-15, x.tol = 1e-15)
refined <- function(name) {
  original <- getFromNamespace(name, "lavaan")
  function(..., optim.method, init.theta, control) {
    start <- original(...)
    again <- suppressWarnings(original(..., optim.method = "nlminb2",
                                       init.theta = as.numeric(start), control = fine))
    if (abs(again - start) < 1e-3) start[1] <- again
    start
  }
}
for (name in c("lav_bvmix_cor_twostep_fit", "lav_bvord_cor_twostep_fit")) {
  assignInNamespace(name, refined(name), "lavaan")
}

simulate <- function(n) {
  set.seed(20240901)
  f <- rnorm(n)
  g <- .6 * f + .8 * rnorm(n)
  y <- sapply(c(.8, .7, .6), function(l) l * f + sqrt(1 - l^2) * rnorm(n))
  z <- sapply(c(.8, .7, .75, .9), function(l) l * g + sqrt(1 - l^2) * rnorm(n))
  data.frame(
    o5 = findInterval(y[, 1], c(-1.2, -.5, .3, 1)) + 1,
    spend = round(exp(.4 * y[, 2] + 1.5), 3),
    o3 = findInterval(y[, 3], c(-.4, .7)) + 1,
    b1 = as.integer(z[, 1] > .1),
    age = round(40 + 10 * z[, 2] + rexp(n, .2), 1),
    b2 = as.integer(z[, 3] > -.3),
    rare = as.integer(z[, 4] > 1.6),
    group = ifelse(seq_len(n) %% 5 < 2, "online", "store"),
    weight = round(.5 + rgamma(n, 4, 4), 3)
  )
}
if (!file.exists("ordinal_mixed.csv")) {
  write.csv(simulate(240), "ordinal_mixed.csv", row.names = FALSE, quote = FALSE)
}
data <- read.csv("ordinal_mixed.csv")

statistics <- function(names, ordered, ...) {
  model <- paste("f =~", paste(names, collapse = " + "))
  fit <- suppressWarnings(cfa(model, data, ordered = ordered, estimator = "WLSMV",
                              do.fit = FALSE, ...))
  s <- fit@SampleStats
  stopifnot(identical(unlist(lavNames(fit, "ov", group = 1)), names))
  lapply(seq_along(s@nobs), function(g) list(
    label = if (length(s@nobs) > 1) lavInspect(fit, "group.label")[g] else "",
    n = s@nobs[[g]], names = names, ordered = ordered,
    stacked = unname(s@WLS.obs[[g]]), th_idx = unname(s@th.idx[[g]]),
    cov = unname(s@cov[[g]]), gamma = unname(unclass(s@NACOV[[g]])),
    stacked_names = rownames(if (length(s@nobs) > 1) lavInspect(fit, "gamma")[[g]]
                             else lavInspect(fit, "gamma"))
  ))
}
raw <- function(names) {
  p <- length(names)
  fit <- lavaan:::muthen1984(as.matrix(data[names]), ov.names = names,
                             ov.types = rep("numeric", p), ov.levels = rep(0L, p))
  list(list(label = "", n = nrow(data), names = names, ordered = character(0),
            cov = unname(fit$COV), gamma = unname(fit$WLS.W) * nrow(data)))
}
all <- c("o5", "spend", "o3", "b1", "age", "b2", "rare")
ordered <- setdiff(all, c("spend", "age"))
cases <- list(
  mixed = statistics(all, ordered),
  grouped = statistics(all[1:6], ordered[1:4], group = "group"),
  weighted = statistics(all, ordered, sampling.weights = "weight"),
  binary = statistics(c("b1", "b2", "rare"), c("b1", "b2", "rare")),
  numeric = raw(c("spend", "age"))
)
writeLines(toJSON(cases, auto_unbox = TRUE, digits = I(11), matrix = "rowmajor"),
           "ordinal_lavaan.json")
