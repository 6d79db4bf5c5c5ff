# Difference, score and Wald tests and growth models by lavaan 0.6-14, on its own examples and on
# ordinal_mixed.csv:  Rscript make_compare.R   (in this folder; writes compare.json)
# Newton steps with lavaan's own gradient and information take its optima to about 1e-12.
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
stopifnot(packageVersion("lavaan") == "0.6.14")

quietly <- function(expression) suppressMessages(suppressWarnings(expression))

holzinger <- HolzingerSwineford1939
gaps <- holzinger
for (j in 1:9) gaps[[paste0("x", j)]][(seq_len(nrow(gaps)) * 7 + j * 11) %% 13 == 0] <- NA
frames <- list(holzinger = holzinger, holzinger_gaps = gaps,
  political_democracy = PoliticalDemocracy, growth = Demo.growth,
  ordinal_mixed = read.csv("ordinal_mixed.csv"))

three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
democracy <- "ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + y2 + y3 + y4\ndem65 =~ y5 + y6 + y7 + y8\ndem60 ~ p1*ind60\ndem65 ~ p2*ind60 + p3*dem60\ny1 ~~ y5\ny2 ~~ y4 + y6\ny3 ~~ y7\ny4 ~~ y8\ny6 ~~ y8\nind := p1*p3\ntot := p2 + p1*p3"
equal <- sub("dem60 =~ y1 + y2 + y3 + y4", "dem60 =~ y1 + a*y2 + b*y3 + c*y4", democracy, fixed = TRUE)
equal <- sub("dem65 =~ y5 + y6 + y7 + y8", "dem65 =~ y5 + a*y6 + b*y7 + c*y8", equal, fixed = TRUE)
ordered <- c("o5", "o3", "b1", "b2")
mixed <- "f =~ o5 + o3 + spend\ng =~ b1 + b2 + age"
slopes <- "i =~ 1*y1 + 1*y2 + 1*y3 + 1*y4\ns =~ 0*y1 + 1*y2 + 2*y3 + 3*y4"
levels <- "i =~ 1*x7 + 1*x8 + 1*x9\ns =~ 0*x7 + 1*x8 + 2*x9\ns ~~ 0*s + 0*i"
waves <- "i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4\ns =~ 0*t1 + 1*t2 + 2*t3 + 3*t4"

ladder <- list(configural = character(), metric = "loadings", scalar = c("loadings", "intercepts"),
  strict = c("loadings", "intercepts", "residuals"),
  means = c("loadings", "intercepts", "residuals", "means"))
others <- c("x2~1", "x3~1", "x5~1", "x6~1", "x8~1", "x9~1")

# Fits: options have the names of this product.
specs <- list()
add <- function(name, data, model, ..., group = NULL)
  specs[[name]] <<- list(data = data, model = model, group = group, options = list(...))
for (estimator in c("ML", "MLM", "MLR", "MLMV", "MLMVS", "GLS")) {
  for (step in names(ladder)) {
    add(paste(estimator, step), "holzinger", three, estimator = estimator,
        group_equal = I(ladder[[step]]), group = "school")
  }
  # The metric model once more, in parameters that hold those of the scalar model.
  add(paste(estimator, "metric2"), "holzinger", three, estimator = estimator,
      group_equal = I(ladder$scalar), group_partial = I(others), group = "school")
}
for (step in c("configural", "metric", "metric2", "scalar", "strict"))
  add(paste("gaps", step), "holzinger_gaps", three, estimator = "MLR", missing = "fiml",
      group_equal = I(ladder[[if (step == "metric2") "scalar" else step]]),
      group_partial = I(if (step == "metric2") others else character()), group = "school")
for (estimator in c("ML", "MLM", "MLR")) {
  add(paste(estimator, "democracy"), "political_democracy", democracy, estimator = estimator)
  add(paste(estimator, "democracy equal"), "political_democracy", equal, estimator = estimator)
  add(paste(estimator, "democracy mediated"), "political_democracy",
      sub("p2*ind60", "0*ind60", sub("\ntot := p2 + p1*p3", "", equal, fixed = TRUE), fixed = TRUE),
      estimator = estimator)
}
for (estimator in c("WLSMV", "WLSM", "ULSMV")) {
  free <- list(configural = character(), equal = c("thresholds", "loadings", "intercepts"))
  for (step in names(free))
    add(paste(estimator, step), "ordinal_mixed", mixed, estimator = estimator, ordered = I(ordered),
        group_equal = I(free[[step]]), group = "group")
}
for (how in c("delta", "theta")) for (step in c("configural", "equal"))
  add(paste(how, step), "ordinal_mixed",
      if (step == "equal") "f =~ o5 + l*o3 + spend\ng =~ b1 + l*b2 + age\nf ~~ v*f\ng ~~ v*g" else mixed,
      estimator = "WLSMV", ordered = I(ordered), parameterization = how)
add("growth", "political_democracy", slopes, growth = TRUE)
add("growth covariates", "political_democracy", paste0(slopes, "\ni + s ~ x1 + x2"), growth = TRUE)
add("growth groups", "holzinger", levels, growth = TRUE, group = "school")
add("growth groups equal", "holzinger", levels, growth = TRUE, group = "school",
    group_equal = I("means"))
add("growth demo", "growth", paste0(waves, "\ni + s ~ x1 + x2\nt1 ~ c1\nt2 ~ c2\nt3 ~ c3\nt4 ~ c4"),
    growth = TRUE)

arguments_of <- function(spec) {
  options <- lapply(spec$options, unclass)
  growth <- isTRUE(options$growth)
  options$growth <- NULL
  names(options) <- gsub("_", ".", names(options), fixed = TRUE)
  options <- options[lengths(options) > 0]
  list(call = if (growth) "growth" else "sem",
       arguments = c(list(model = spec$model, data = frames[[spec$data]]), options,
                     if (!is.null(spec$group)) list(group = spec$group)))
}
slope <- function(fit) {
  g <- as.numeric(lavTech(fit, "gradient"))
  if (fit@Model@eq.constraints) g <- as.numeric(t(fit@Model@eq.constraints.K) %*% g)
  g
}
# start = <table> turns fixed.x off unless it is said.
again <- function(spec, fit, ...) {
  given <- arguments_of(spec)
  quietly(do.call(given$call, c(given$arguments, list(start = fit, fixed.x = TRUE, baseline = FALSE, ...))))
}
polished <- function(name) {
  spec <- specs[[name]]
  given <- arguments_of(spec)
  fit <- quietly(do.call(given$call, given$arguments))
  first <- fit
  if (!lavInspect(fit, "converged")) stop(name, " does not converge")
  for (i in 1:12) {
    H <- unclass(lavTech(fit, "information.observed"))
    K <- if (fit@Model@eq.constraints) fit@Model@eq.constraints.K else diag(ncol(H))
    step <- as.numeric(K %*% solve(t(K) %*% H %*% K, slope(fit)))
    table <- parTable(fit)
    free <- table$free > 0
    table$est[free] <- table$est[free] - step[table$free[free]]
    moved <- again(spec, table, optim.method = "none", optim.force.converged = TRUE)
    if (!isTRUE(max(abs(slope(moved))) < max(abs(slope(fit))))) break
    fit <- moved
  }
  if (max(abs(slope(fit))) > 1e-8) cat(name, "is left at", max(abs(slope(fit))), "\n")
  fit@baseline <- first@baseline
  fit
}
fits <- sapply(names(specs), polished, simplify = FALSE)

# Difference tests.
test_of <- function(restricted, general, method, ...) {
  table <- quietly(lavTestLRT(fits[[general]], fits[[restricted]], method = method, ...))
  list(stat = table[2, "Chisq diff"], df = table[2, "Df diff"], p = table[2, "Pr(>Chisq)"],
       rmsea = if ("RMSEA" %in% names(table)) table[2, "RMSEA"] else NA)
}
differences <- list()
record <- function(restricted, general, method, options, found)
  differences[[length(differences) + 1]] <<-
    c(list(restricted = restricted, general = general, method = method, options = options), found)
frees <- function(restricted, general) {
  key <- function(fit) with(parTable(fit), paste(lhs, op, rhs, group)[free > 0])
  length(setdiff(key(fits[[restricted]]), key(fits[[general]]))) > 0
}
compare <- function(restricted, general) {
  tests <- fits[[general]]@test
  record(restricted, general, "default", NULL, test_of(restricted, general, "default"))
  if (length(tests) < 2) return(invisible())
  mean_scaled <- tests[[2]]$test %in% c("satorra.bentler", "yuan.bentler.mplus")
  # lavaan starts from parameters of the same name, which is another point where the restricted
  # model frees what the general one fixes.
  if (mean_scaled && !frees(restricted, general)) record(restricted, general,
    "satorra.bentler.2010", NULL, test_of(restricted, general, "satorra.bentler.2010"))
  if (fits[[general]]@SampleStats@missing.flag) return(invisible())
  for (shifted in c(TRUE, FALSE)) for (how in c("delta", if (!frees(restricted, general)) "exact"))
    record(restricted, general, "satorra.2000", list(restriction = how, scaled_shifted = shifted),
      test_of(restricted, general, "satorra.2000", A.method = how, scaled.shifted = shifted))
}
steps <- list(c("metric", "configural"), c("scalar", "metric"), c("strict", "scalar"),
  c("means", "strict"), c("scalar", "metric2"), c("strict", "configural"))
for (estimator in c("ML", "MLM", "MLR", "MLMV", "MLMVS", "GLS", "gaps")) for (pair in steps)
  if (paste(estimator, pair[1]) %in% names(specs))
    compare(paste(estimator, pair[1]), paste(estimator, pair[2]))
for (estimator in c("ML", "MLM", "MLR")) {
  compare(paste(estimator, "democracy equal"), paste(estimator, "democracy"))
  compare(paste(estimator, "democracy mediated"), paste(estimator, "democracy equal"))
}
for (name in c("WLSMV", "WLSM", "ULSMV", "delta", "theta"))
  compare(paste(name, "equal"), paste(name, "configural"))
compare("growth groups equal", "growth groups")

# Satorra & Bentler (2010) where names do not lead to the restricted model's moments: the metric
# model has to be put there by hand.
placed <- function(estimator) {
  scalar <- paste(estimator, "scalar")
  metric <- paste(estimator, "metric")
  from <- parTable(fits[[scalar]])
  to <- parTable(fits[[metric]])
  value <- function(lhs, op, rhs, group)
    from$est[from$lhs == lhs & from$op == op & from$rhs == rhs & from$group == group]
  for (i in which(to$free > 0)) {
    to$est[i] <- value(to$lhs[i], to$op[i], to$rhs[i], to$group[i])
    if (to$op[i] != "~1") next
    load <- from[from$op == "=~" & from$rhs == to$lhs[i] & from$group == to$group[i], ]
    to$est[i] <- to$est[i] + load$est * value(load$lhs, "~1", "", to$group[i])
  }
  there <- again(specs[[metric]], to, optim.method = "none", optim.force.converged = TRUE)
  stopifnot(all.equal(fitted(there), fitted(fits[[scalar]]), tolerance = 1e-10))
  test <- function(fit) fit@test[[1]]
  c1 <- there@test[[2]]$scaling.factor
  c0 <- fits[[scalar]]@test[[2]]$scaling.factor
  m <- test(fits[[scalar]])$df - test(fits[[metric]])$df
  c_d <- (test(fits[[scalar]])$df * c0 - test(fits[[metric]])$df * c1) / m
  stat <- (test(fits[[scalar]])$stat - test(fits[[metric]])$stat) / c_d
  record(scalar, metric, "satorra.bentler.2010", NULL,
         list(stat = stat, df = m, p = pchisq(stat, m, lower.tail = FALSE), rmsea = NA))
}
placed("MLR")
placed("MLM")
placed("gaps")

# Score and Wald tests.
scores <- list()
score <- function(name, release = NULL) {
  full <- quietly(lavTestScore(fits[[name]], release = release, epc = TRUE))
  changes <- as.data.frame(full$epc)
  changes <- changes[!is.na(changes$epc), ]
  if (is.null(changes$group)) changes$group <- 1
  uni <- as.data.frame(full$uni)
  if (!is.null(release)) uni$X2 <- as.data.frame(quietly(lavTestScore(fits[[name]]))$uni)$X2[release]
  scores[[length(scores) + 1]] <<- list(fit = name, release = release,
    stat = full$test$X2, df = full$test$df, uni = uni[, c("lhs", "rhs", "X2")],
    changes = changes[, c("lhs", "op", "rhs", "group", "epc", "epv", "sepc.lv", "sepc.all")])
}
for (name in c("ML metric", "ML scalar", "MLR scalar", "GLS metric", "gaps metric", "WLSMV equal", "theta equal",
               "ML democracy equal", "ML democracy mediated")) score(name)
score("ML metric", c(1L, 4L))
score("ML scalar", 7:9)
score("ML democracy equal", 2L)

walds <- list()
wald <- function(name, constraints) {
  found <- lavTestWald(fits[[name]], gsub(";", "\n", constraints))
  walds[[length(walds) + 1]] <<- list(fit = name, constraints = constraints, stat = found$stat,
                                      df = found$df, p = found$p.value)
}
for (estimator in c("ML", "MLM", "MLR")) {
  name <- paste(estimator, "democracy equal")
  wald(name, "p1 == p3; p2 == 0")
  wald(name, "p1*p3 == 1")
  wald(name, "p1 == exp(p2)/p3")
  wald(name, "a == b; b == c; p1 == 2*p2")
}
wald("ML scalar", ".p2. == 0.6; .p3. == .p5.")

# Growth.
grown <- lapply(grep("^growth", names(specs), value = TRUE), function(name) {
  estimates <- as.data.frame(parameterEstimates(fits[[name]], standardized = TRUE))
  if (is.null(estimates$group)) estimates$group <- 1
  list(fit = name, rows = estimates[, c("lhs", "op", "rhs", "group", "est", "se", "std.all")],
       measures = as.list(fitMeasures(fits[[name]], c("chisq", "df", "npar", "cfi", "tli", "rmsea",
                                                      "srmr", "logl", "aic", "bic"))))
})

tested <- lapply(names(specs), function(name) {
  fit <- fits[[name]]
  robust <- if (length(fit@test) > 1) fit@test[[2]]$scaling.factor else NA
  c(specs[[name]], list(name = name, chisq = fit@test[[1]]$stat, df = fit@test[[1]]$df,
    aic = if (fit@Options$estimator == "ML") AIC(fit) else NA,
    bic = if (fit@Options$estimator == "ML") BIC(fit) else NA, scaling = robust))
})
out <- list(fits = tested, differences = differences, scores = scores, walds = walds, growth = grown)
text <- toJSON(out, auto_unbox = TRUE, digits = I(11), na = "null", null = "null", dataframe = "values")
writeLines(gsub("},{", "},\n{", gsub("],[", "],\n[", text, fixed = TRUE), fixed = TRUE), "compare.json")
