# Parameter tables of lavaan 0.6-14 for the models in cases.json:
#   Rscript make_partables.R
# The data are random: do.fit = FALSE, only the table and the roles of variables are kept. Bounds
# are kept for free parameters only.
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
stopifnot(packageVersion("lavaan") == "0.6.14")
set.seed(1)
cases <- fromJSON("cases.json", simplifyVector = FALSE)
columns <- c("lhs", "op", "rhs", "user", "group", "free", "ustart", "exo", "label", "plabel", "lower", "upper")
value <- function(case, key, default) if (is.null(case[[key]])) default else case[[key]]

random_data <- function(case, names) {
  n <- 400L
  data <- as.data.frame(matrix(rnorm(n * length(names)), n, dimnames = list(NULL, names)))
  for (item in names(case$thresholds)) {
    data[[item]] <- ordered(rep_len(0:case$thresholds[[item]], n)[sample(n)])
  }
  data$group <- rep(seq_len(value(case, "n_groups", 1L)), length.out = n)
  data
}

table_of <- function(case) {
  flat <- lavaan:::lavParseModelString(case$model)
  names <- unique(unlist(strsplit(lavaan:::lav_partable_vnames(flat, "ov"), ":", fixed = TRUE)))
  arguments <- list(
    case$model, data = random_data(case, names), do.fit = FALSE, warn = FALSE,
    std.lv = value(case, "std_lv", FALSE), orthogonal = value(case, "orthogonal", FALSE),
    effect.coding = value(case, "effect_coding", FALSE), fixed.x = value(case, "fixed_x", TRUE),
    conditional.x = value(case, "conditional_x", FALSE),
    parameterization = value(case, "parameterization", "delta")
  )
  if (!is.null(case$meanstructure)) arguments$meanstructure <- case$meanstructure
  if (value(case, "n_groups", 1L) > 1L) arguments$group <- "group"
  if (!is.null(case$group_equal)) arguments$group.equal <- unlist(case$group_equal)
  if (!is.null(case$group_partial)) arguments$group.partial <- unlist(case$group_partial)
  fit <- suppressWarnings(do.call(value(case, "function", "sem"), arguments))
  table <- parTable(fit)
  if (is.null(table$group)) table$group <- ifelse(table$op %in% c(":=", "==", "<", ">"), 0L, 1L)
  table$exo <- as.integer(table$exo)
  for (bound in c("lower", "upper")) {
    if (is.null(table[[bound]])) table[[bound]] <- NA_real_
    table[[bound]][is.infinite(table[[bound]]) | table$free == 0L] <- NA_real_
  }
  rows <- lapply(seq_len(nrow(table)), function(i) unname(as.list(table[i, columns])))
  names <- lapply(c(ov = "ov", lv = "lv", ov.x = "ov.x", lv.x = "lv.x", lv.y = "lv.y", ov.y = "ov.y", ov.ord = "ov.ord"),
                  function(type) I(lavaan:::lav_partable_vnames(as.list(table), type, block = 1L)))
  list(names = names, rows = rows)
}

tables <- lapply(cases, function(case) tryCatch(table_of(case), error = function(e) stop(case$model, "\n", conditionMessage(e))))
lines <- vapply(names(tables), function(key) {
  entry <- tables[[key]]
  as_text <- function(x) toJSON(x, auto_unbox = TRUE, na = "null", null = "null", digits = I(17))
  rows <- paste0("   ", vapply(entry$rows, as_text, ""), collapse = ",\n")
  sprintf(' "%s": {"names": %s,\n  "rows": [\n%s]}', key, as_text(entry$names), rows)
}, "")
writeLines(c("{", paste(lines, collapse = ",\n"), "}"), "partables.json")
