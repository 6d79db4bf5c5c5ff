# Reference values of longitudinal models: lavaan 0.6-14, texts written by the project's own tests.
#   Rscript make_waves.R waves.json waves.csv     (from this folder)
# waves.json holds the model texts under "texts"; this script adds what lavaan makes of them.
suppressMessages({ library(lavaan); library(jsonlite) })
files <- commandArgs(TRUE)
texts <- fromJSON(files[1])$texts
data <- read.csv(files[2], check.names = FALSE)
fits <- lapply(texts, function(text) {
  lavaan::sem(text, data, estimator = "MLR", missing = "fiml", meanstructure = TRUE)
})
chain <- c("configural", "metric", "scalar", "strict")
values <- function(name) {
  fit <- fits[[name]]
  found <- as.list(fitMeasures(fit, c("chisq", "df", "chisq.scaled", "df.scaled", "rmsea.scaled", "srmr")))
  if (name %in% chain) {
    found$cfi.null <- unname(fitMeasures(fit, "cfi.scaled", baseline.model = fits$null))
  }
  found
}
estimates <- function(name, op) {
  rows <- standardizedSolution(fits[[name]])
  raw <- parameterEstimates(fits[[name]])
  keep <- raw$op == op & grepl(if (op == "~1") "^change" else "w2$", raw$lhs) & raw$se > 0
  data.frame(lhs = raw$lhs, rhs = raw$rhs, est = raw$est, se = raw$se, std = rows$est.std,
             std.se = rows$se)[keep, ]
}
result <- list(
  note = "lavaan 0.6-14, MLR, full information; cfi.null is cfi.scaled against the null model",
  texts = texts,
  fits = setNames(lapply(names(texts), values), names(texts)),
  differences = lapply(2:4, function(i) {
    out <- lavTestLRT(fits[[chain[i - 1]]], fits[[chain[i]]])
    list(step = chain[i], stat = out[2, "Chisq diff"], df = out[2, "Df diff"])
  }),
  change = estimates("change", "~1"),
  variances = with(parameterEstimates(fits$change), {
    keep <- op == "~~" & lhs == rhs & grepl("^change", lhs)
    data.frame(lhs = lhs, est = est, se = se)[keep, ]
  }),
  lagged = estimates("lagged", "~")
)
write_json(result, files[1], auto_unbox = TRUE, digits = 12, pretty = TRUE)
