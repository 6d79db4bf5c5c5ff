# Power by semTools 0.5-6 with lavaan 0.6-14:
#   Rscript make_power.R   (in this folder; writes power.json)
suppressPackageStartupMessages({library(semTools); library(jsonlite)})
stopifnot(packageVersion("lavaan") == "0.6.14", packageVersion("semTools") == "0.5.6")

fit <- expand.grid(null = c(0, .05, .08), true = c(.01, .05, .08, .1), df = c(5, 48, 129),
  n = c(60, 250, 900), alpha = c(.05, .01))
fit <- fit[fit$null != fit$true, ]
fit$power <- mapply(findRMSEApower, fit$null, fit$true, fit$df, fit$n, fit$alpha)
sizes <- data.frame(null = c(.05, .05, 0), true = c(.08, .01, .05))
sizes <- merge(sizes, data.frame(df = c(5, 48, 129)))
sizes$needed <- mapply(function(a, b, d) as.numeric(sub("Sample Size <= ", "",
  findRMSEAsamplesize(a, b, d))), sizes$null, sizes$true, sizes$df)

population <- "f =~ .8*x1 + .7*x2 + .6*x3
g =~ .7*y1 + .8*y2 + .6*y3
h =~ .8*z1 + .7*z2 + .6*z3
g ~ .4*f
h ~ .3*g + .2*f
f ~~ 1*f
g ~~ .84*g
h ~~ .75*h
x1 ~~ .36*x1
x2 ~~ .51*x2
x3 ~~ .64*x3
y1 ~~ .51*y1
y2 ~~ .36*y2
y3 ~~ .64*y3
z1 ~~ .36*z1
z2 ~~ .51*z2
z3 ~~ .64*z3"
measured <- "f =~ x1 + x2 + x3\ng =~ y1 + y2 + y3\nh =~ z1 + z2 + z3\n"
tests <- list("g ~ f" = "g ~ 0*f\nh ~ g + f", "h ~ g" = "g ~ f\nh ~ 0*g + f",
  "h ~ f" = "g ~ f\nh ~ g + 0*f")
ss <- do.call(rbind, lapply(names(tests), function(name) data.frame(path = name, n = c(100, 300),
  power = sapply(c(100, 300), function(n) unname(suppressWarnings(SSpower(
    paste0(measured, tests[[name]]), n = n, nparam = 1, popModel = population)))))))
writeLines(toJSON(list(fit = fit, sizes = sizes, population = population, ss = ss), digits = 12),
  "power.json")
