# Reference values for latent interactions.
#
# Rscript make_moderation.R  writes moderation.csv and moderation.json
# lavaan and semTools: products by indProd(), MLR, simple slopes by probe2WayMC().

suppressPackageStartupMessages({
  library(lavaan)
  library(semTools)
  library(jsonlite)
})

set.seed(20261)
n <- 400
source <- rnorm(n)
f1 <- 0.5 * source + rnorm(n, sd = sqrt(0.75))
f2 <- 0.3 * source + (rchisq(n, 6) - 6) / sqrt(12) * sqrt(0.91)
f3 <- 0.45 * f1 + 0.2 * f2 - 0.25 * f1 * f2 + 0.1 * source + rnorm(n, sd = 0.7)
items <- function(f, loadings) {
  sapply(loadings, function(l) l * f + rnorm(n, sd = sqrt(1 - l^2)))
}
data <- data.frame(
  items(source, c(0.8, 0.7, 0.75)), items(f1, c(0.85, 0.8, 0.7, 0.6)),
  items(f2, c(0.7, 0.8, 0.75)), items(f3, c(0.8, 0.85, 0.75))
)
names(data) <- c(paste0("s", 1:3), paste0("a", 1:4), paste0("b", 1:3), paste0("y", 1:3))
data <- round(data + 4, 3)
write.csv(data, "moderation.csv", row.names = FALSE)

measured <- "
source =~ s1 + s2 + s3
f1 =~ a1 + a2 + a3 + a4
f3 =~ y1 + y2 + y3
f1 ~ source
"
pairs <- list(c("a1", "a2", "a3"), c("b2", "b3", "b1"))
crossed <- indProd(data, var1 = pairs[[1]], var2 = pairs[[2]], match = TRUE, meanC = TRUE,
                   residualC = FALSE, doubleMC = TRUE)
squared <- indProd(data, var1 = paste0("a", 1:4), var2 = paste0("a", 1:4), match = TRUE,
                   meanC = TRUE, residualC = FALSE, doubleMC = TRUE)

interaction <- paste(measured, "
f2 =~ b1 + b2 + b3
f12 =~ a1.b2 + a2.b3 + a3.b1
f3 ~ f1 + source + f2 + f12
f2 ~~ f1
f12 ~~ f1
")
quadratic <- paste(measured, "
f11 =~ a1.a1 + a2.a2 + a3.a3 + a4.a4
f3 ~ f1 + source + f11
f11 ~~ f1
a1 ~~ a1.a1
a2 ~~ a2.a2
a3 ~~ a3.a3
a4 ~~ a4.a4
")

table_of <- function(fit) {
  est <- parameterEstimates(fit)
  est[, c("lhs", "op", "rhs", "est", "se", "z", "ci.lower", "ci.upper")]
}
fit <- sem(interaction, crossed, estimator = "MLR")
bend <- sem(quadratic, squared, estimator = "MLR")
stopifnot(lavInspect(fit, "converged"), lavInspect(bend, "converged"))
sd2 <- sqrt(lavInspect(fit, "cov.lv")["f2", "f2"])
values <- c(-1, 0, 1) * sd2
with_means <- sem(interaction, crossed, estimator = "MLR", meanstructure = TRUE)
probed <- probe2WayMC(with_means, nameX = c("f1", "f2", "f12"), nameY = "f3", modVar = "f2",
                      valProbe = values)
labelled <- sub("f1 ~ source", "f1 ~ a*source", sub("\\+ f12\n", "+ b3*f12\nindex := a*b3\n", interaction))
indirect <- sem(labelled, crossed, estimator = "MLR")
index <- monteCarloCI(indirect, nRep = 2e5)
out <- list(
  versions = list(lavaan = as.character(packageVersion("lavaan")),
                  semTools = as.character(packageVersion("semTools"))),
  products = as.list(crossed[1:5, c("a1.b2", "a2.b3", "a3.b1")]),
  interaction = table_of(fit), quadratic = table_of(bend),
  chisq = as.list(fitMeasures(fit, c("chisq", "df", "chisq.scaled"))),
  index = as.list(index["index", ]),
  values = values, slopes = as.data.frame(unclass(probed$SimpleSlope))
)
write_json(out, "moderation.json", digits = 12, auto_unbox = TRUE, pretty = TRUE)
