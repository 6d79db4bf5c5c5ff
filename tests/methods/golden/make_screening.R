# Item analysis and screening of psych 2.2.9, EM moments of lavaan 0.6-14, on Holzinger & Swineford:
#   Rscript make_screening.R     (from this folder; writes screening.json)
# The careless package is not needed: its indices are written out here from the papers, one
# respondent at a time (Meade & Craig 2012, Johnson 2005, Dunn et al. 2018).
suppressPackageStartupMessages({library(psych); library(lavaan); library(jsonlite)})
stopifnot(packageVersion("psych") == "2.2.9", packageVersion("lavaan") == "0.6.14")
items <- paste0("x", 1:9)
X <- as.matrix(HolzingerSwineford1939[, items])
n <- nrow(X)
shape <- describe(as.data.frame(X), type = 2)
m <- mardia(X, plot = FALSE)

# Holes that a test can dig again: row i (1-based) and column j where (7 i + 11 j) mod 13 is 0.
hole <- outer(1:n, 1:9, function(i, j) (7 * i + 11 * j) %% 13 == 0)
H <- X
H[hole] <- NA
free <- c(paste(combn(items, 2)[1, ], "~~", combn(items, 2)[2, ]), paste(items, "~~", items), paste(items, "~ 1"))
fit <- lavaan(free, as.data.frame(H), missing = "ml",
  em.h1.iter.max = 5000, em.h1.tol = 1e-12)
h1 <- fit@h1$implied
mu <- as.numeric(h1$mean[[1]]); Sigma <- h1$cov[[1]]
code <- apply(!is.na(H), 1, function(r) paste(as.integer(r), collapse = ""))
d2 <- 0; df <- -9
for (k in unique(code)) {
  on <- strsplit(k, "")[[1]] == "1"
  gap <- colMeans(H[code == k, on, drop = FALSE]) - mu[on]
  d2 <- d2 + sum(code == k) * drop(gap %*% solve(Sigma[on, on]) %*% gap)
  df <- df + sum(on)
}

# Answers in whole numbers, x2 x5 x8 taken as reversed (7 - x), with and without holes.
W <- pmin(pmax(round(X), 1), 6)
W[, c("x2", "x5", "x8")] <- 7 - W[, c("x2", "x5", "x8")]
scored <- W
scored[, c("x2", "x5", "x8")] <- 7 - W[, c("x2", "x5", "x8")]
longest <- apply(W, 1, function(r) max(rle(as.numeric(r))$lengths))
spread <- apply(W, 1, sd)
halves <- apply(scored, 1, function(r) {
  odd <- c(mean(r[c(1, 3)]), mean(r[c(4, 6)]), mean(r[c(7, 9)]))
  even <- r[c(2, 5, 8)]
  v <- suppressWarnings(cor(odd, even))
  v <- 2 * v / (1 + v)
  if (!is.na(v) && v < -1) -1 else v
})
paired <- function(sign) {
  R <- sign * cor(W); R[upper.tri(R, TRUE)] <- NA
  at <- which(R > 0.30, arr.ind = TRUE)
  apply(W, 1, function(r) if (nrow(at) < 3) NA else suppressWarnings(cor(r[at[, 1]], r[at[, 2]])))
}
pairs <- function(sign) { R <- sign * cor(W); R[upper.tri(R, TRUE)] <- NA; sum(R > 0.30, na.rm = TRUE) }

out <- list(
  shape = list(skew = shape$skew, kurtosis = shape$kurtosis, mean = shape$mean, sd = shape$sd),
  mardia = m[c("b1p", "b2p", "skew", "p.skew", "kurtosis", "p.kurt")],
  little = list(d2 = d2, df = df, patterns = length(unique(code)), p = pchisq(d2, df, lower.tail = FALSE)),
  careless = list(longstring = longest, irv = spread, even_odd = halves, synonyms = paired(1),
    antonyms = paired(-1), pairs = c(pairs(1), pairs(-1)),
    mahalanobis = as.numeric(suppressWarnings(outlier(scored, plot = FALSE)))),
  welch = {
    t <- t.test(X[202:301, 1], X[1:100, 1])
    list(t = unname(t$statistic), df = unname(t$parameter), p = t$p.value)
  },
  holm = p.adjust(c(.03, .001, .2, .02, .6), "holm")
)
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(12), na = "null"), "screening.json")
