# lavaan 0.6-14 on data that this product has, for the models in cases.json and all studies with a
# published matrix:
#   Rscript make_golden.R        (from this folder; writes <case>.json and studies.json)
source("polish.R")
stopifnot(packageVersion("lavaan") == "0.6.14")
root <- normalizePath(file.path("..", "..", ".."))
cases <- fromJSON("cases.json", simplifyVector = FALSE)
texts <- fromJSON("texts.json", simplifyVector = FALSE)

# Data: rows of lavaan's own examples, or a study's published matrix (a plain subset of TOML).
read_moments <- function(study) {
  text <- paste(readLines(file.path(root, "data", "raw", study, "moments.toml")), collapse = "\n")
  value <- function(key) {
    at <- regexpr(paste0("(^|\n)", key, " = "), text)
    if (at < 0) return(NULL)
    rest <- substring(text, at + attr(at, "match.length"))
    if (!startsWith(rest, "[")) return(fromJSON(sub("\n.*", "", rest)))
    depth <- cumsum((strsplit(rest, "")[[1]] == "[") - (strsplit(rest, "")[[1]] == "]"))
    array <- substring(rest, 1, which(depth == 0)[1])
    fromJSON(gsub(",(\\s*\\])", "\\1", array), simplifyVector = FALSE)
  }
  names <- unlist(value("names"))
  p <- length(names)
  R <- matrix(0, p, p, dimnames = list(names, names))
  rows <- value("correlations")
  for (i in seq_len(p)) R[i, seq_len(i)] <- R[seq_len(i), i] <- unlist(rows[[i]])
  diag(R) <- 1
  sds <- unlist(value("sds"))
  if (!is.null(sds)) R <- R * outer(sds, sds)
  means <- unlist(value("means"))
  list(sample.cov = R, sample.mean = if (!is.null(means)) setNames(means, names), n = value("n"))
}

model_of <- function(study, name) {
  paste(readLines(file.path(root, "data", "raw", study, "models", paste0(name, ".lav")),
                  encoding = "UTF-8"), collapse = "\n")
}

text_of <- function(case) {
  text <- case$model
  if (is.null(text)) return(model_of(case$data, "core"))
  for (key in names(texts)) text <- sub(paste0("@", key), texts[[key]], text, fixed = TRUE)
  text
}

arguments_of <- function(data, model, options) {
  if (length(options)) names(options) <- gsub("_", ".", names(options), fixed = TRUE)
  arguments <- c(list(model = model), options)
  if (data == "holzinger") return(c(arguments, list(data = HolzingerSwineford1939)))
  if (data == "political_democracy") return(c(arguments, list(data = PoliticalDemocracy)))
  moments <- read_moments(data)
  arguments$sample.cov <- moments$sample.cov
  arguments$sample.nobs <- moments$n
  if (isTRUE(options$meanstructure)) arguments$sample.mean <- moments$sample.mean
  arguments
}

columns <- c("lhs", "op", "rhs", "est", "se", "std.lv", "std.all", "std.all.se")

result_of <- function(case) {
  model <- text_of(case)
  done <- polish(arguments_of(case$data, model, case$options))
  fit <- done$fit
  raw <- quietly(lavResiduals(fit, type = "raw", se = TRUE, summary = FALSE))
  out <- list(
    model = model, data = case$data, options = if (is.null(case$options)) setNames(list(), character()) else case$options,
    polished = done$polished, proper = suppressWarnings(lavInspect(fit, "post.check")),
    estimates = estimates_of(fit, columns), measures = measures_of(fit),
    r2 = as.list(unclass(lavInspect(fit, "rsquare"))),
    matrices = list(
      implied = lower_of(lavInspect(fit, "implied")$cov), latent = lower_of(lavInspect(fit, "cov.lv")),
      residual = lower_of(raw$cov), residual.se = lower_of(raw$cov.se))
  )
  out$matrices <- Filter(Negate(is.null), out$matrices)
  if (done$polished) {
    indices <- as.data.frame(quietly(modindices(fit, sort. = TRUE)))
    out$modification <- table_of(head(indices[indices$mi > 1e-6, ], 20),
      c("lhs", "op", "rhs", "mi", "epc", "sepc.lv", "sepc.all"))
  }
  if (case$data %in% c("holzinger", "political_democracy") && length(lavNames(fit, "lv")) > 0) {
    scores <- function(method) {
      values <- try(quietly(lavPredict(fit, method = method)), silent = TRUE)
      if (inherits(values, "try-error")) return(NULL)
      list(names = colnames(values), rows = unname(unclass(head(values, 5))))
    }
    out$scores <- Filter(Negate(is.null), list(regression = scores("regression"),
      Bartlett = if (any(grepl("second", case$name))) NULL else scores("Bartlett")))
  }
  out
}

write <- function(object, file) writeLines(text_of_json(object, 11), file)

for (name in names(cases)) {
  cases[[name]]$name <- name
  write(result_of(cases[[name]]), paste0(name, ".json"))
  cat(name, "\n")
}

# Every model of every study with a published matrix: estimates and the usual indices.
usual <- c("npar", "chisq", "df", "pvalue", "baseline.chisq", "baseline.df", "cfi", "tli", "rmsea",
  "rmsea.ci.lower", "rmsea.ci.upper", "rmsea.pvalue", "srmr", "logl", "aic", "bic")
studies <- list()
for (study in sort(dir(file.path(root, "data", "raw")))) {
  folder <- file.path(root, "data", "raw", study)
  if (!file.exists(file.path(folder, "moments.toml"))) next
  for (name in sort(sub("\\.lav$", "", dir(file.path(folder, "models"))))) {
    model <- model_of(study, name)
    done <- try(polish(arguments_of(study, model, list())), silent = TRUE)
    key <- paste(study, name, sep = "/")
    if (inherits(done, "try-error")) {
      cat(key, conditionMessage(attr(done, "condition")), "\n")
      next
    }
    studies[[key]] <- list(
      model = model, polished = done$polished,
      proper = suppressWarnings(lavInspect(done$fit, "post.check")),
      estimates = estimates_of(done$fit, c("lhs", "op", "rhs", "est", "se", "std.lv", "std.all", "std.all.se")),
      measures = measures_of(done$fit, usual))
    cat(key, done$polished, "\n")
  }
}
write(studies, "studies.json")
