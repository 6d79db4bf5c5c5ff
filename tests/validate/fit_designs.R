# Rscript fit_designs.R <folder>: fits the models of designs.json to <name>.csv, writes lavaan.json.
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
folder <- commandArgs(trailingOnly = TRUE)[1]
designs <- fromJSON(file.path(folder, "designs.json"), simplifyVector = FALSE)
result <- lapply(names(designs), function(name) {
  data <- read.csv(file.path(folder, paste0(name, ".csv")))
  fit <- suppressWarnings(sem(designs[[name]]$model, data))
  if (!lavInspect(fit, "converged")) return(list(converged = FALSE))
  estimates <- as.data.frame(parameterEstimates(fit, standardized = TRUE))
  keep <- c("chisq", "df", "cfi", "tli", "rmsea", "srmr", "logl", "bic")
  list(converged = TRUE,
    proper = suppressWarnings(lavInspect(fit, "post.check")),
    estimates = estimates[c("lhs", "op", "rhs", "est", "se", "std.all")],
    measures = as.list(unclass(fitMeasures(fit, keep))))
})
names(result) <- names(designs)
writeLines(toJSON(result, auto_unbox = TRUE, digits = I(12), na = "null"),
  file.path(folder, "lavaan.json"))
