# What the scripts here share: fits of lavaan taken to their optimum, tables as JSON.
# lavaan stops about 1e-5 away from the optimum: Newton steps with its own gradient and observed
# information take it to about 1e-11, so that tight comparisons are fair. Models with nonlinear or
# inequality constraints stay at its tolerance ("polished": false).
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})

quietly <- function(expression) suppressMessages(suppressWarnings(expression))

slope <- function(fit) {
  g <- as.numeric(lavTech(fit, "gradient"))
  if (fit@Model@eq.constraints) g <- as.numeric(t(fit@Model@eq.constraints.K) %*% g)
  max(abs(g))
}

polish <- function(arguments) {
  first <- quietly(do.call("sem", arguments))
  stopifnot(lavInspect(first, "converged"))
  table <- parTable(first)
  operators <- table$op[table$user == 1L]
  nonlinear <- any(operators %in% c("<", ">")) ||
    (length(first@Model@con.jac) > 0 && !first@Model@eq.constraints)
  if (nonlinear) return(list(fit = first, polished = FALSE))
  # start = <table> turns fixed.x off unless it is said.
  again <- function(fit, ...) quietly(do.call("sem", c(
    arguments[setdiff(names(arguments), "fixed.x")],
    list(start = parTable(fit), fixed.x = first@Options$fixed.x, ...))))
  fit <- first
  for (i in 1:12) {
    g <- as.numeric(lavTech(fit, "gradient"))
    H <- unclass(lavTech(fit, "information.observed"))
    if (fit@Model@eq.constraints) {
      K <- fit@Model@eq.constraints.K
      step <- K %*% solve(t(K) %*% H %*% K, t(K) %*% g)
    } else step <- solve(H, g)
    moved <- fit
    free <- moved@ParTable$free > 0
    moved@ParTable$est[free] <- moved@ParTable$est[free] - as.numeric(step)[moved@ParTable$free[free]]
    moved <- again(moved, optim.method = "none")
    if (!is.finite(slope(moved)) || slope(moved) >= slope(fit)) break
    fit <- moved
  }
  final <- again(fit)
  if (!lavInspect(final, "converged") || slope(final) > 1e-8) final <- fit
  # start = leaks into the fit of the baseline model.
  final@baseline <- first@baseline
  list(fit = final, polished = slope(final) < 1e-8)
}

# Output: tables as columns and rows, symmetric matrices as lower triangles by rows.
table_of <- function(frame, columns) {
  rows <- lapply(seq_len(nrow(frame)), function(i) unname(as.list(frame[i, columns])))
  list(columns = columns, rows = rows)
}

lower_of <- function(matrix) {
  if (length(matrix) == 0) return(NULL)
  matrix <- unclass(matrix)
  list(names = rownames(matrix), lower = t(matrix)[upper.tri(matrix, diag = TRUE)])
}

estimates_of <- function(fit, columns) {
  estimates <- as.data.frame(parameterEstimates(fit, standardized = TRUE))
  estimates <- estimates[!estimates$op %in% c("==", "<", ">"), ]
  standardized <- as.data.frame(standardizedSolution(fit))
  key <- function(x) paste(x$lhs, x$op, x$rhs, x$group)
  estimates$std.all.se <- standardized$se[match(key(estimates), key(standardized))]
  table_of(estimates, columns)
}

measures_of <- function(fit, keep = NULL) {
  measures <- unclass(fitMeasures(fit))
  measures <- measures[!grepl("level|h0$", names(measures))]
  if (!is.null(keep)) measures <- measures[intersect(keep, names(measures))]
  as.list(measures)
}

text_of_json <- function(object, digits) {
  text <- toJSON(object, auto_unbox = TRUE, digits = I(digits), na = "null", null = "null")
  gsub("],[", "],\n[", text, fixed = TRUE)
}
