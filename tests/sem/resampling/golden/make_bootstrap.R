# lavaan 0.6-14 on 20 resamples of Holzinger and Swineford (1939), each taken to its optimum:
#   Rscript make_bootstrap.R     (from this folder; writes holzinger.json)
# Rows are drawn with R's own generator and stored, counted from 1. Intervals are lavaan's own, by
# all its definitions, from 200 draws at its default tolerance, which are stored too.
setwd(file.path("..", "..", "golden"))
source("polish.R")
setwd(file.path("..", "resampling", "golden"))
stopifnot(packageVersion("lavaan") == "0.6.14")

model <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
textual ~ a*visual
speed ~ c*visual + b*textual
indirect := a*b
total := c + a*b"
data <- HolzingerSwineford1939[paste0("x", 1:9)]

set.seed(20)
rows <- t(sapply(1:20, function(i) sample.int(nrow(data), replace = TRUE)))
draws <- t(apply(rows, 1, function(index) {
  done <- polish(list(model = model, data = data[index, ]))
  stopifnot(done$polished)
  unname(c(coef(done$fit), fitMeasures(done$fit, "chisq")))
}))

fit <- quietly(sem(model, data, se = "bootstrap", bootstrap = 200, iseed = 20))
boot <- unclass(lavInspect(fit, "boot"))
limits <- lapply(c(perc = "perc", norm = "norm", basic = "basic"), function(type) {
  table <- as.data.frame(parameterEstimates(fit, boot.ci.type = type))
  table <- table[table$op != "==" & table$se > 0, ]
  unname(as.matrix(table[c("ci.lower", "ci.upper")]))
})
stine <- quietly(sem(model, data, test = "bollen.stine", bootstrap = 200, iseed = 20))
out <- list(
  model = model, names = names(coef(fit)), rows = rows, draws = draws, estimates = unname(coef(fit)),
  boot = unname(matrix(as.numeric(boot), nrow(boot))), limits = limits,
  bollen_stine_p = lavInspect(stine, "test")$bollen.stine$pvalue
)
writeLines(text_of_json(out, 12), "holzinger.json")
