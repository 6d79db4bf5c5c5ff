# Method factor, marker technique and second-order rivals by lavaan.
#   Rscript make_method_bias.R     (from this folder; writes method_bias.json)
# Data: Holzinger and Swineford 1939, with speed in the place of a marker; and the value items of
# the simulated study (raw codes, complete rows).
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
stopifnot(packageVersion("lavaan") == "0.6.14")
run <- function(model, data, estimator = "ML")
  cfa(model, data, estimator = estimator)
fit <- function(f) as.list(unclass(fitMeasures(f, c("chisq", "df", "cfi", "rmsea", "srmr", "aic", "bic"))))
test <- function(restricted, general) {
  t <- lavTestLRT(restricted, general)
  list(stat = t[2, "Chisq diff"], df = t[2, "Df diff"], p = t[2, "Pr(>Chisq)"])
}
std <- function(f) { s <- standardizedSolution(f); setNames(as.list(s$est.std), paste0(s$lhs, s$op, s$rhs)) }
hs <- HolzingerSwineford1939
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
items <- paste0("x", 1:9)
method <- paste0(three, "\nm =~ ", paste0("1*", items, collapse = " + "),
  "\nm ~~ 0*visual + 0*textual + 0*speed")
ulmc <- lapply(c(ML = "ML", MLR = "MLR"), function(e) {
  a <- run(three, hs, e); b <- run(method, hs, e)
  pe <- parameterEstimates(b); v <- pe[pe$lhs == "m" & pe$op == "~~" & pe$rhs == "m", ]
  list(test = test(a, b), variance = v$est, se = v$se, std = std(b))
})
democracy <- "ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + y2 + y3 + y4\ndem65 =~ y5 + y6 + y7 + y8\ndem60 ~ ind60\ndem65 ~ ind60 + dem60"
dm <- paste0(democracy, "\nm =~ ", paste0("1*", c(paste0("x", 1:3), paste0("y", 1:8)), collapse = " + "),
  "\nm ~~ 0*ind60 + 0*dem60 + 0*dem65")
a <- sem(democracy, PoliticalDemocracy); b <- sem(dm, PoliticalDemocracy)
pe <- parameterEstimates(b); v <- pe[pe$lhs == "m" & pe$op == "~~" & pe$rhs == "m", ]
ulmc$democracy <- list(test = test(a, b), variance = v$est, se = v$se, std = std(b))
one <- fit(run(paste("g =~", paste(items, collapse = " + ")), hs))
eigen <- eigen(cor(hs[items]))$values
# marker: speed
unit <- function(f, x) paste0(f, " =~ ", paste0("NA*", x, collapse = " + "), "\n", f, " ~~ 1*", f)
part <- paste(unit("visual", items[1:3]), unit("textual", items[4:6]), sep = "\n")
cfa_ <- run(paste(part, unit("speed", items[7:9]), sep = "\n"), hs)
pe <- parameterEstimates(cfa_)
val <- function(l, o, r) formatC(pe$est[pe$lhs == l & pe$op == o & pe$rhs == r], digits = 17)
held <- paste(c(sapply(items[7:9], function(i) paste0("speed =~ ", val("speed", "=~", i), "*", i)),
  sapply(items[7:9], function(i) paste0(i, " ~~ ", val(i, "~~", i), "*", i)),
  "speed ~~ 1*speed", "speed ~~ 0*visual + 0*textual"), collapse = "\n")
baseline <- run(paste(part, held, sep = "\n"), hs)
c_ <- paste0("speed =~ ", paste0("NA*", items[1:6], " + b*", items[1:6], collapse = " + "))
u_ <- paste0("speed =~ ", paste0("NA*", items[1:6], collapse = " + "))
mc <- run(paste(part, held, c_, sep = "\n"), hs); mu <- run(paste(part, held, u_, sep = "\n"), hs)
rho <- formatC(unclass(lavInspect(baseline, "cor.lv"))["visual", "textual"], digits = 17)
mr <- run(paste(part, held, c_, paste0("visual ~~ ", rho, "*textual"), sep = "\n"), hs)
marker <- list(cfa = fit(cfa_), baseline = fit(baseline), c = fit(mc), u = fit(mu), r = fit(mr),
  c_test = test(baseline, mc), u_test = test(mc, mu), r_test = test(mr, mc),
  rho_baseline = as.numeric(rho), rho_c = unclass(lavInspect(mc, "cor.lv"))["visual", "textual"])
# second order: customer value of the simulated study
d <- read.csv("../../../data/raw/omnichannel/answers.csv")
v <- c("fun1", "fun2", "fun3", "emo1", "emo2", "emo3", "soc1", "soc2", "soc3", "exp1", "exp2", "exp3")
d <- d[v]; d[d == 99] <- NA; d <- na.omit(d)
dims <- c("functional", "emotional", "social", "experiential")
first <- paste0(dims, " =~ ", apply(matrix(v, 3), 2, paste, collapse = " + "), collapse = "\n")
texts <- list(one = paste("value =~", paste(v, collapse = " + ")), correlated = first,
  second_order = paste0(first, "\nvalue =~ ", paste(dims, collapse = " + ")))
rivals <- lapply(texts, run, data = d)
rivals$bifactor <- cfa(paste0("value =~ ", paste(v, collapse = " + "), "\n", first), d,
  orthogonal = TRUE, std.lv = TRUE)
second <- list(n = nrow(d), fits = lapply(rivals, fit),
  one_test = test(rivals$one, rivals$correlated),
  second_test = test(rivals$second_order, rivals$correlated),
  bifactor_test = test(rivals$second_order, rivals$bifactor), std = std(rivals$second_order))
vm <- paste0(first, "\nm =~ ", paste0("1*", v, collapse = " + "), "\nm ~~ ", paste0("0*", dims, collapse = " + "))
b <- run(vm, d, "MLR"); a <- run(first, d, "MLR")
pe <- parameterEstimates(b); row <- pe[pe$lhs == "m" & pe$op == "~~" & pe$rhs == "m", ]
second$ulmc <- list(test = test(a, b), variance = row$est, se = row$se, std = std(b))
out <- list(ulmc = ulmc, one = one, eigen = eigen, marker = marker, second_order = second)
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(11), pretty = TRUE), "method_bias.json")
