# Reference values of permutation tests of invariance: semTools 0.5-6, lavaan 0.6-14.
#   Rscript make_permutation.R permutation.json
suppressMessages({ library(lavaan); library(semTools); library(jsonlite) })
model <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9"
data <- HolzingerSwineford1939
fits <- list(
  configural = cfa(model, data, group = "school", std.lv = TRUE, se = "none"),
  metric = cfa(model, data, group = "school", std.lv = TRUE, se = "none",
               group.equal = "loadings"),
  scalar = cfa(model, data, group = "school", std.lv = TRUE, se = "none",
               group.equal = c("loadings", "intercepts"))
)
n <- 500
afis <- c("chisq", "cfi", "rmsea", "srmr")
one <- function(con, uncon, param = NULL, names = NULL) {
  set.seed(7)
  out <- permuteMeasEq(n, con = con, uncon = uncon, param = param, AFIs = afis,
                       showProgress = FALSE, parallelType = "none")
  found <- list(observed = as.list(out@AFI.obs), p = as.list(out@AFI.pval),
                converged = out@n.Converged)
  if (!is.null(param)) {
    mi <- out@MI.obs
    stopifnot(nrow(mi) == length(names))  # one a constraint, in the order of the items
    found$scores <- data.frame(parameter = names, stat = mi$X2, p = mi$tukey.p.value)
  }
  found
}
result <- list(
  note = "Holzinger & Swineford (1939) by school, maximum likelihood",
  lavaan = as.character(packageVersion("lavaan")),
  semTools = as.character(packageVersion("semTools")),
  permutations = n,
  configural = one(fits$configural, NULL),
  metric = one(fits$metric, fits$configural, "loadings",
               paste0(rep(c("visual", "textual", "speed"), each = 3), "=~x", 1:9)),
  scalar = one(fits$scalar, fits$metric, "intercepts", paste0("x", 1:9, "~1"))
)
write_json(result, commandArgs(TRUE)[1], auto_unbox = TRUE, digits = 12, pretty = TRUE)
