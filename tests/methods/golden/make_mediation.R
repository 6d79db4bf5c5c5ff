# Defined effects, difference tests, Monte Carlo and bootstrap intervals, Vuong's pieces:
#   Rscript make_mediation.R     (from this folder; writes mediation.json, mediation_indices.csv)
# lavaan 0.6-14 and semTools 0.5-6. Political Democracy (Bollen 1989), all defined by hand.
# nonnest2 is not at hand, so Vuong's statistics (Merkle, You & Preacher 2016) are put together
# here from lavaan's casewise log-likelihoods, scores and information, and the tail of the weighted
# sum of chi-squares by numerical inversion (Imhof 1961), checked against 4e6 random draws.
suppressPackageStartupMessages({library(lavaan); library(semTools); library(jsonlite)})
stopifnot(packageVersion("lavaan") == "0.6.14", packageVersion("semTools") == "0.5.6")
tight <- list(iter.max = 5000, rel.tol = 1e-10)
measures <- "ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + y2 + y3 + y4\ndem65 =~ y5 + y6 + y7 + y8\n"
partial <- paste0(measures, "dem60 ~ a*ind60\ndem65 ~ c*ind60 + b*dem60\nab := a*b\ntotal := c + a*b\nshare := a*b/(c + a*b)\n")
full <- paste0(measures, "dem60 ~ a*ind60\ndem65 ~ b*dem60\nab := a*b\n")
apart <- paste0(measures, "dem60 ~ ind60\ndem65 ~ ind60\ndem60 ~~ 0*dem65\n")
crossed <- paste0(measures, "dem65 ~ ind60\ndem60 ~ dem65\n")
D <- PoliticalDemocracy
out <- list(partial = partial, full = full, apart = apart, crossed = crossed)
row <- function(fit) { pe <- standardizedSolution(fit); raw <- parameterEstimates(fit)
  data.frame(label = raw$label[raw$op == ":="], est = raw$est[raw$op == ":="], se = raw$se[raw$op == ":="],
    lower = raw$ci.lower[raw$op == ":="], upper = raw$ci.upper[raw$op == ":="],
    std = pe$est.std[pe$op == ":="], std_se = pe$se[pe$op == ":="]) }
for (est in c("ML", "MLR", "MLM")) {
  f1 <- sem(partial, D, estimator = est, control = tight); f0 <- sem(full, D, estimator = est, control = tight)
  test <- lavTestLRT(f1, f0)
  out[[est]] <- list(effects = row(f1), stat = test[2, "Chisq diff"], df = test[2, "Df diff"], p = test[2, "Pr(>Chisq)"])
}
fit <- sem(partial, D, control = tight)
set.seed(1)
mc <- monteCarloCI(fit, rep = 2e6)
out$montecarlo <- data.frame(label = rownames(mc), est = mc$est, lower = mc$ci.lower, upper = mc$ci.upper)

# bootstrap with given indices: lavaan's own percentile and BCa limits
R <- 400
set.seed(20)
indices <- t(replicate(R, sample.int(nrow(D), replace = TRUE)))
draws <- t(apply(indices, 1, function(i) { f <- sem(partial, D[i, ], control = tight); coef(f, type = "user")[c("ab", "total", "share")] }))
write.table(indices, "mediation_indices.csv", sep = ",", row.names = FALSE, col.names = FALSE)
point <- coef(fit, type = "user")[c("ab", "total", "share")]
percentile <- apply(draws, 2, function(t) { s <- sort(t); rk <- (R + 1) * c(.025, .975); k <- floor(rk); s[k] + (rk - k) * (s[k + 1] - s[k]) })
left <- t(sapply(seq_len(nrow(D)), function(i) coef(sem(partial, D[-i, ], control = tight), type = "user")[c("ab", "total", "share")]))
bca <- sapply(1:3, function(j) {
  u <- mean(left[, j]) - left[, j]; a <- sum(u^3) / (6 * sum(u^2)^1.5); w <- qnorm(mean(draws[, j] < point[j]))
  z <- w + qnorm(c(.025, .975)); lev <- pnorm(w + z / (1 - a * z)); s <- sort(draws[, j]); rk <- (R + 1) * lev
  rk <- pmin(pmax(rk, 1), R); k <- pmin(floor(rk), R - 1); s[k] + (rk - k) * (s[k + 1] - s[k]) })
out$bootstrap <- data.frame(label = names(point), est = unname(point), percentile_lower = percentile[1, ],
  percentile_upper = percentile[2, ], bca_lower = bca[1, ], bca_upper = bca[2, ], sd = apply(draws, 2, sd))

# Vuong
pieces <- function(m) { f <- sem(m, D, meanstructure = TRUE, control = tight)
  list(ll = lavInspect(f, "loglik.casewise"), score = lavScores(f), A = chol2inv(chol(nobs(f) * vcov(f)[, ])), fit = f) }
imhof <- function(q, w) { w <- w[w > 1e-10 * max(w)]
  g <- function(u) sapply(u, function(v) sin(.5 * sum(atan(w * v)) - .5 * q * v) / (v * prod((1 + w^2 * v^2)^.25)))
  .5 + integrate(g, 0, Inf, subdivisions = 5000L, rel.tol = 1e-8, stop.on.error = FALSE)$value / pi }
vuong <- function(m1, m2) {
  a <- pieces(m1); b <- pieces(m2); n <- length(a$ll); d <- a$ll - b$ll; v <- var(d) * (n - 1) / n
  Ba <- crossprod(a$score) / n; Bb <- crossprod(b$score) / n; C <- crossprod(a$score, b$score) / n
  W <- rbind(cbind(-Ba %*% solve(a$A), -C %*% solve(b$A)), cbind(t(C) %*% solve(a$A), Bb %*% solve(b$A)))
  w <- Re(eigen(W, only.values = TRUE)$values)^2; p <- imhof(n * v, w)
  set.seed(3); sim <- mean(replicate(40, { x <- matrix(rnorm(1e5 * length(w))^2, ncol = length(w)); mean(x %*% w > n * v) }))
  stopifnot(abs(sim - p) < 2e-3)
  z <- sum(d) / sqrt(n * v)
  list(ratio = sum(d), variance = v, p_distinct = p, z = z, p = 2 * pnorm(-abs(z)),
    casewise = head(a$ll, 5)) }
out$vuong <- list(apart = vuong(full, apart), crossed = vuong(full, crossed))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(11), pretty = TRUE), "mediation.json")
