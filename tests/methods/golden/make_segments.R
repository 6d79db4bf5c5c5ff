# Reference values for latent profiles: mclust (Scrucca et al. 2016) on a drawn sample.
# Rscript make_segments.R  writes segments.csv and segments.json beside itself.
suppressPackageStartupMessages({library(mclust); library(jsonlite)})
set.seed(7)
n <- c(140, 90, 70)
mu <- rbind(c(0, 0, 0), c(3, 1, -1), c(-1, 3, 2))
sd <- rbind(c(1, 1, 1), c(0.7, 1.2, 1), c(1.1, 0.8, 0.6))
X <- do.call(rbind, lapply(1:3, function(k) sapply(1:3, function(j) rnorm(n[k], mu[k, j], sd[k, j]))))
X <- round(X, 4)
colnames(X) <- c("a", "b", "c")
write.csv(X, "segments.csv", row.names = FALSE)
found <- list()
for (model in c("EEI", "VVI", "EEE", "VVV")) for (G in 1:3) {
  fit <- Mclust(X, G = G, modelNames = model, verbose = FALSE, control = emControl(tol = c(1e-12, 1e-12)))
  found[[length(found) + 1]] <- list(
    model = model, k = G, loglik = fit$loglik, df = fit$df, bic = -fit$bic,
    weights = sort(fit$parameters$pro, decreasing = TRUE))
}
writeLines(toJSON(list(version = as.character(packageVersion("mclust")), fits = found),
  auto_unbox = TRUE, digits = 12, pretty = TRUE), "segments.json")
