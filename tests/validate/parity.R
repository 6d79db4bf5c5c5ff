# Fits every <job>.lav of a folder to <job>.csv (covariances, divisor n) and <job>.n with lavaan.
suppressMessages(library(lavaan))
folder <- commandArgs(trailingOnly = TRUE)[1]
for (path in list.files(folder, "\\.lav$", full.names = TRUE)) {
  at <- function(ending) sub("\\.lav$", ending, path)
  covariances <- as.matrix(read.csv(at(".csv"), row.names = 1, check.names = FALSE))
  fit <- suppressWarnings(sem(paste(readLines(path), collapse = "\n"),
    sample.cov = covariances, sample.nobs = scan(at(".n"), quiet = TRUE), sample.cov.rescale = FALSE))
  if (!lavInspect(fit, "converged")) next
  table <- parameterEstimates(fit, standardized = TRUE)
  write.csv(table[c("lhs", "op", "rhs", "est", "se", "std.all")], at(".estimates"), row.names = FALSE)
  measures <- fitMeasures(fit)
  write.csv(data.frame(name = names(measures), value = as.numeric(measures)), at(".measures"), row.names = FALSE)
}
