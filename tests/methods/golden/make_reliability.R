# Reliability, HTMT of ordered items and discriminant validity of semTools 0.5-6 and psych 2.2.9 on
# data that this product has:
#   Rscript make_reliability.R     (from this folder; writes reliability.json)
# Standardized loadings are lavaan's; CR, AVE and H are their textbook functions. lavaan's optimum
# is about 1e-5 off (see ../../sem/golden/make_golden.R).
suppressPackageStartupMessages({library(lavaan); library(semTools); library(jsonlite)})
stopifnot(packageVersion("lavaan") == "0.6.14", packageVersion("semTools") == "0.5.6")
quiet <- function(x) suppressWarnings(suppressMessages(x))
hs <- HolzingerSwineford1939
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ordinal <- read.csv("../../sem/golden/ordinal_groups.csv")
items <- c(paste0("t", 1:4), paste0("l", 1:4))
two <- "trust =~ t1 + t2 + t3 + t4\nloyalty =~ l1 + l2 + l3 + l4"

standardized <- function(fit) {
  s <- standardizedSolution(fit)
  s <- s[s$op == "=~", ]
  lapply(split(s$est.std, s$lhs), function(l) {
    i <- sum(l^2 / (1 - l^2))
    list(cr = sum(l)^2 / (sum(l)^2 + sum(1 - l^2)), ave = mean(l^2), maximal = i / (1 + i))
  })
}
relative <- function(fit, ...) as.list(unlist(quiet(compRelSEM(fit, ...))))
lower <- function(m) list(names = rownames(m), lower = t(unclass(m))[upper.tri(m, diag = TRUE)])

out <- list()
fit <- cfa(three, hs)
out$holzinger <- list(
  model = three, observed = relative(fit), implied = relative(fit, obs.var = FALSE),
  standardized = standardized(fit),
  alpha = lapply(list(visual = 1:3, textual = 4:6, speed = 7:9), function(i)
    quiet(psych::alpha(hs[paste0("x", i)], warnings = FALSE))$total$raw_alpha),
  discriminant = list(
    cutoff = as.data.frame(quiet(discriminantValidity(fit, cutoff = .9))),
    merged = as.data.frame(quiet(discriminantValidity(fit, merge = TRUE)))))

mlm <- cfa(three, hs, estimator = "MLM")
out$mlm <- list(model = three, discriminant = list(
  cutoff = as.data.frame(quiet(discriminantValidity(mlm, cutoff = .9))),
  merged = as.data.frame(quiet(discriminantValidity(mlm, merge = TRUE)))))

second <- paste0(three, "\ng =~ visual + textual + speed")
fit <- cfa(second, hs)
out$second_order <- list(
  model = second, observed = relative(fit, higher = "g"),
  implied = relative(fit, higher = "g", obs.var = FALSE), level = as.list(reliabilityL2(fit, "g")))

bifactor <- "g =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9
textual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9
g ~~ 0*textual + 0*speed\ntextual ~~ 0*speed"
fit <- cfa(bifactor, hs)
out$bifactor <- list(model = bifactor, observed = relative(fit, return.total = TRUE),
  implied = relative(fit, return.total = TRUE, obs.var = FALSE))

fit <- cfa(two, ordinal, ordered = items, estimator = "WLSMV")
out$ordinal <- list(
  model = two, observed = relative(fit), implied = relative(fit, obs.var = FALSE),
  standardized = standardized(fit),
  alpha = relative(fit, tau.eq = TRUE, ord.scale = FALSE),
  htmt = lower(htmt(two, ordinal, ordered = items, htmt2 = FALSE)),
  htmt2 = lower(htmt(two, ordinal, ordered = items, htmt2 = TRUE)),
  discriminant = list(
    cutoff = as.data.frame(quiet(discriminantValidity(fit, cutoff = .9))),
    merged = as.data.frame(quiet(discriminantValidity(fit, merge = TRUE)))))

fit <- cfa(two, ordinal, ordered = items, estimator = "WLSMV", group = "group")
table <- as.data.frame(quiet(compRelSEM(fit)))
out$ordinal_groups <- list(model = two, observed = table,
  implied = as.data.frame(quiet(compRelSEM(fit, obs.var = FALSE))))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(11), pretty = TRUE), "reliability.json")
