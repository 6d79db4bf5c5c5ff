# lavaan 0.6-14 for the fits of estimators.json: every estimator, groups, missing answers, ordered
# items. Run in this folder:
#   Rscript make_estimators.R                    writes estimators_lavaan.json
#   Rscript make_estimators.R FILE [CASE ...]    writes FILE, of some cases
# Data: lavaan's own examples; `holes`, Holzinger & Swineford with answers left out by a rule; and
# ordinal_groups.csv, simulated here.
source("polish.R")
stopifnot(packageVersion("lavaan") >= "0.6.14")
given <- commandArgs(trailingOnly = TRUE)
target <- if (length(given)) given[1] else "estimators_lavaan.json"
table <- fromJSON("estimators.json", simplifyVector = FALSE)
wanted <- if (length(given) > 1) given[-1] else names(table$cases)
items <- paste0("x", 1:9)

simulate <- function() {
  set.seed(19390105)
  one <- function(n, group, mean, shift) {
    trust <- mean[1] + rnorm(n)
    loyal <- mean[2] + .6 * (trust - mean[1]) + .8 * rnorm(n)
    loadings <- c(.85, .75, .7, .6, .8, .75, .65, .7)
    y <- sapply(1:8, function(j) {
      factor <- if (j <= 4) trust else loyal
      loadings[j] * factor + sqrt(1 - loadings[j]^2) * rnorm(n)
    })
    cuts <- list(c(-1.4, -.6, .2, 1), c(-1, -.3, .4, 1.1), c(-1.6, -.9, -.1, .8), c(-1.1, -.2, .6, 1.3))
    answers <- sapply(1:8, function(j) {
      at <- cuts[[(j - 1) %% 4 + 1]] + (if (j == 3) shift else 0)
      findInterval(y[, j], at) + 1L
    })
    colnames(answers) <- c(paste0("t", 1:4), paste0("l", 1:4))
    data.frame(group = group, answers, spend = round(20 + 6 * loyal + 5 * rnorm(n), 2),
               age = round(45 - 4 * trust + 12 * rnorm(n)))
  }
  rbind(one(210, "online", c(0, 0), 0), one(190, "store", c(.3, .2), .4))
}
if (!file.exists("ordinal_groups.csv")) {
  write.csv(simulate(), "ordinal_groups.csv", row.names = FALSE, quote = FALSE)
}

# Answer j of pupil i is left out where i * j + 3 * i + 5 * j is a multiple of 11.
with_holes <- function(data) {
  for (j in seq_along(items)) {
    i <- seq_len(nrow(data))
    data[(i * j + 3 * i + 5 * j) %% 11 == 0, items[j]] <- NA
  }
  data
}

# Respondent i has the sampling weight .5 + (i modulo 7) / 6.
data_of <- function(name) {
  data <- switch(name,
    holzinger = HolzingerSwineford1939,
    holes = with_holes(HolzingerSwineford1939),
    political_democracy = PoliticalDemocracy,
    ordinal_groups = read.csv("ordinal_groups.csv"))
  data$w <- .5 + (seq_len(nrow(data)) %% 7) / 6
  data
}

text_of <- function(model) {
  for (key in names(table$texts)) model <- sub(paste0("@", key), table$texts[[key]], model, fixed = TRUE)
  model
}

arguments_of <- function(case) {
  options <- lapply(case$options, function(value) if (is.list(value)) unlist(value) else value)
  if (length(options)) names(options) <- gsub("_", ".", names(options), fixed = TRUE)
  if (identical(options$missing, "fiml")) options <- c(options, em.h1.tol = 1e-13, em.h1.iter.max = 5000)
  if (!is.null(case$group)) options$group <- case$group
  options$sampling.weights <- case$weights
  options$cluster <- case$cluster
  options <- c(options, case$lavaan)
  c(list(model = text_of(case$model), data = data_of(case$data)), options)
}

result_of <- function(case) {
  done <- polish(arguments_of(case))
  fit <- done$fit
  groups <- lavInspect(fit, "ngroups") > 1
  columns <- c("lhs", "op", "rhs", if (groups) "group", "est", "se", "std.lv", "std.all", "std.all.se")
  out <- list(polished = done$polished,
    proper = suppressWarnings(lavInspect(fit, "post.check")),
    estimates = estimates_of(fit, columns), measures = measures_of(fit))
  indices <- try(as.data.frame(quietly(modindices(fit, sort. = TRUE))), silent = TRUE)
  if (!inherits(indices, "try-error") && nrow(indices)) {
    out$modification <- table_of(head(indices[which(indices$mi > 1e-6), ], 8),
      c("lhs", "op", "rhs", if (groups) "group", "mi", "epc", "sepc.lv", "sepc.all"))
  }
  out
}

results <- list()
for (name in wanted) {
  result <- try(result_of(table$cases[[name]]), silent = TRUE)
  if (inherits(result, "try-error")) {
    cat(name, conditionMessage(attr(result, "condition")), "\n")
    next
  }
  results[[name]] <- result
  cat(name, result$polished, result$proper, "\n")
}
results <- list(lavaan = as.character(packageVersion("lavaan")), fits = results)
writeLines(text_of_json(results, 9), target)
