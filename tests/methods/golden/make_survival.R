# Kaplan-Meier, log-rank and Cox (Efron, robust by person) by R's survival, on drawn data with ties.
# Rscript make_survival.R [folder with jsonlite]
library(survival)
set.seed(7)
n <- 400
person <- sample(1:300, n, replace = TRUE)
x1 <- round(rnorm(n), 3)
x2 <- rbinom(n, 1, .4)
group <- sample(0:2, n, replace = TRUE)
hazard <- .06 * exp(.5 * x1 - .4 * x2 + .25 * group)
time <- pmin(ceiling(rexp(n, hazard)), 12)
event <- as.integer(time < 12 | runif(n) < .05)
data <- data.frame(person, x1, x2, group, time, event)
write.csv(data, "survival.csv", row.names = FALSE)
km <- summary(survfit(Surv(time, event) ~ group, data), times = c(3, 6, 9, 12))
rank <- survdiff(Surv(time, event) ~ group, data)
fit <- coxph(Surv(time, event) ~ x1 + x2, data, ties = "efron", cluster = person)
text <- function(v) paste0("[", paste(formatC(as.numeric(v), digits = 15, format = "g"), collapse = ", "), "]")
lines <- c(
  "{",
  paste0('"survival": "', packageVersion("survival"), '",'),
  paste0('"surv": ', text(km$surv), ","),
  paste0('"lower": ', text(km$lower), ","),
  paste0('"upper": ', text(km$upper), ","),
  paste0('"times": ', text(km$time), ","),
  paste0('"strata": ', text(as.integer(km$strata) - 1), ","),
  paste0('"chisq": ', text(rank$chisq), ","),
  paste0('"coef": ', text(coef(fit)), ","),
  paste0('"se": ', text(sqrt(diag(fit$naive.var))), ","),
  paste0('"robust": ', text(sqrt(diag(fit$var))), ","),
  paste0('"loglik": ', text(fit$loglik), ","),
  paste0('"concordance": ', text(fit$concordance["concordance"])),
  "}"
)
writeLines(lines, "survival.json")
