# Item and factor analysis of psych 2.2.9, stats::factanal and GPArotation on Holzinger & Swineford:
#   Rscript make_factor_analysis.R     (from this folder; writes factor_analysis.json)
# psych's minres stops about 1e-4 from its optimum (its optimizer takes no tolerance).
suppressPackageStartupMessages({library(psych); library(GPArotation); library(lavaan); library(jsonlite)})
stopifnot(packageVersion("psych") == "2.2.9")
X <- HolzingerSwineford1939[, paste0("x", 1:9)]
R <- cor(X); n <- nrow(X)
a <- alpha(X[, 1:4])
k <- KMO(R)
b <- cortest.bartlett(R, n)
m <- vss(R, n = 8, n.obs = n, plot = FALSE, rotate = "none", fm = "minres")$map
ml <- factanal(covmat = R, factors = 3, n.obs = n, rotation = "none",
  control = list(opt = list(factr = 10, maxit = 5000)))
L <- unclass(ml$loadings); attributes(L) <- attributes(L)["dim"]
mr <- suppressWarnings(fa(R, 3, n.obs = n, rotate = "none", fm = "minres"))
V <- L %*% varimax(L, eps = 1e-14)$rotmat
P <- promax(V, m = 4)
turned <- list(oblimin = oblimin(L, eps = 1e-8, maxit = 10000), geomin = geominQ(L, delta = .01, eps = 1e-8, maxit = 10000))
U <- P$rotmat
set.seed(1)
draws <- replicate(2000, eigen(cor(matrix(rnorm(n * 9), n)), only.values = TRUE)$values)
mat <- function(x) { x <- unclass(x); dimnames(x) <- NULL; x }
out <- list(R = mat(R), n = n,
  alpha = list(raw = a$total$raw_alpha, mean_r = a$total$average_r, drop = a$alpha.drop$raw_alpha, r = a$item.stats$r.drop),
  kmo = list(all = k$MSA, items = unname(k$MSAi)),
  bartlett = b[c("chisq", "df", "p.value")],
  map = m,
  ml = list(uniqueness = unname(ml$uniquenesses), chi2 = unname(ml$STATISTIC), df = ml$dof, implied = mat(L %*% t(L))),
  minres = list(uniqueness = unname(mr$uniquenesses), rms = mr$rms),
  varimax = mat(V), promax = list(L = mat(V %*% U), Phi = mat(solve(t(U) %*% U))),
  oblimin = list(L = mat(turned$oblimin$loadings), Phi = mat(turned$oblimin$Phi)),
  geomin = list(L = mat(turned$geomin$loadings), Phi = mat(turned$geomin$Phi)),
  parallel = list(mean = rowMeans(draws), upper = apply(draws, 1, quantile, .95)))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(12)), "factor_analysis.json")
