# Populations from model text and Vale-Maurelli's numbers by lavaan 0.6-14:
#   Rscript make_simulation.R   (in this folder; writes simulation.json)
# `nlminb` stops some 1e-6 before the roots; Newton steps on the same equations finish its work.
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
stopifnot(packageVersion("lavaan") == "0.6.14")

texts <- list(
  open = "f =~ .8*x1 + .7*x2 + .6*x3\ng =~ y1 + .9*y2 + 1.2*y3\ng ~ .5*f\ny1 ~~ .3*y2\nx1 ~ 2*1",
  standardized = "f =~ .8*x1 + .7*x2 + .6*x3\ng =~ .7*y1 + .9*y2 + y3\ng ~ .5*f",
  observed = "m ~ .4*x + .2*w\ny ~ .3*m + .1*x\nx ~~ .25*w",
  second = "a =~ .8*a1 + .7*a2 + .6*a3\nb =~ .8*b1 + .7*b2 + .6*b3\nc =~ .8*c1 + .7*c2 + .6*c3\nh =~ .9*a + .8*b + .7*c",
  groups = "f =~ .8*x1 + .7*x2 + c(.6, .4)*x3\nf ~ c(0, .5)*1\nf ~~ c(1, 1.5)*f")
standard <- list(standardized = TRUE, second = TRUE)
implied <- lapply(names(texts), function(name) {
  groups <- if (name == "groups") c(20, 20) else 20
  data <- simulateData(texts[[name]], sample.nobs = groups, return.fit = TRUE,
    standardized = isTRUE(standard[[name]]))
  found <- fitted(attr(data, "fit"))
  found <- if (name == "groups") unname(found) else list(found)
  list(text = texts[[name]], standardized = isTRUE(standard[[name]]),
    names = rownames(found[[1]]$cov), cov = lapply(found, function(g) unname(g$cov)),
    mean = lapply(found, function(g) if (is.null(g$mean)) rep(0, nrow(g$cov)) else unname(g$mean)))
})
names(implied) <- names(texts)

equations <- function(x, skewness, kurtosis) {
  b <- x[1]; c <- x[2]; d <- x[3]
  c(b^2 + 6*b*d + 2*c^2 + 15*d^2 - 1, 2*c*(b^2 + 24*b*d + 105*d^2 + 2) - skewness,
    24*(b*d + c^2*(1 + b^2 + 28*b*d) + d^2*(12 + 48*b*d + 141*c^2 + 225*d^2)) - kurtosis)
}
newton <- function(x, f) {
  for (step in 1:30) {
    J <- sapply(seq_along(x), function(i) { h <- x * 0; h[i] <- 1e-6; (f(x + h) - f(x - h)) / 2e-6 })
    x <- x - solve(J, f(x))
  }
  x
}
vale <- function(COR, skewness, kurtosis) {
  printed <- capture.output({ options(digits = 15); set.seed(1)
    lavaan:::ValeMaurelli1983(10, COR, skewness, kurtosis, debug = TRUE) })
  from <- grep("Intermediate correlations", printed) + 2
  p <- nrow(COR)
  rough <- t(sapply(strsplit(trimws(printed[from:(from + p - 1)]), "\\s+"), function(x) as.numeric(x[-1])))
  coefficients <- t(mapply(function(s, k) newton(
    nlminb(c(1, 0, 0), function(x) sum(equations(x, s, k)^2))$par, function(x) equations(x, s, k)),
    skewness, kurtosis))
  exact <- diag(p)
  for (i in 2:p) for (j in 1:(i - 1)) {
    a <- coefficients[i, ]; b <- coefficients[j, ]
    exact[i, j] <- exact[j, i] <- newton(rough[i, j], function(r) r*(a[1]*b[1] + 3*a[1]*b[3] +
      3*a[3]*b[1] + 9*a[3]*b[3]) + r^2*2*a[2]*b[2] + r^3*6*a[3]*b[3] - COR[i, j])
  }
  list(cor = COR, skewness = skewness, kurtosis = kurtosis, coefficients = coefficients,
    lavaan = rough, intermediate = exact)
}
COR <- matrix(c(1, .5, .4, .3, .5, 1, .6, .2, .4, .6, 1, -.1, .3, .2, -.1, 1), 4)
shapes <- list(mixed = vale(COR, c(0, .75, -1.2, 1.75), c(0, .8, 2.5, 3.75)),
  equal = vale(COR, rep(1.5, 4), rep(4, 4)))

cuts <- "f =~ .8*x1 + .7*x2 + .6*x3\nx1 | -1*t1 + 0*t2 + .8*t3\nx2 | -.5*t1 + .5*t2\nx3 | .3*t1"
fit <- attr(simulateData(cuts, sample.nobs = 500, return.fit = TRUE), "fit")
ordered <- list(text = cuts, cov = unname(fitted(fit)$cov), thresholds = as.list(fitted(fit)$th))
writeLines(toJSON(list(implied = implied, shapes = shapes, ordered = ordered), digits = 16,
  auto_unbox = TRUE, pretty = FALSE), "simulation.json")
