# Reliability and HTMT of semTools 0.5-6 on data that this product has:
#   Rscript make_measurement.R     (from this folder; writes measurement.json)
# lavaan's optimum is about 1e-5 off (see ../../sem/golden/make_golden.R), and so is omega.
suppressPackageStartupMessages({library(lavaan); library(semTools); library(jsonlite)})
stopifnot(packageVersion("lavaan") == "0.6.14", packageVersion("semTools") == "0.5.6")
models <- list(
  holzinger = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9",
  political_democracy = "ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + y2 + y3 + y4\ndem65 =~ y5 + y6 + y7 + y8\ny1 ~~ y5\ny2 ~~ y4 + y6\ny3 ~~ y7\ny4 ~~ y8\ny6 ~~ y8",
  uneven = "visual =~ x1 + x2 + x3 + x4\nrest =~ x5 + x6\nspeed =~ x7 + x8 + x9"
)
data <- list(holzinger = HolzingerSwineford1939, political_democracy = PoliticalDemocracy,
  uneven = HolzingerSwineford1939)
lower <- function(m) list(names = rownames(m), lower = t(unclass(m))[upper.tri(m, diag = TRUE)])
out <- lapply(names(models), function(name) {
  fit <- cfa(models[[name]], data[[name]])
  old <- suppressWarnings(suppressMessages(reliability(fit)))
  list(model = models[[name]], alpha = as.list(old["alpha", ]), omega = as.list(old["omega2", ]),
    htmt = lower(htmt(models[[name]], data[[name]], htmt2 = FALSE)),
    htmt2 = lower(htmt(models[[name]], data[[name]], htmt2 = TRUE)))
})
names(out) <- names(models)
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(11), pretty = TRUE), "measurement.json")
