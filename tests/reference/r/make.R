# Makes the files of this folder: data sets as CSV, and digits.csv, what R says about them.
# Run: cd tests/reference/r && Rscript make.R
# R 4.2.2 with epiR 2.0.57, psych 2.2.9, survival 3.5.3, rms 6.5.0, pROC 1.18.0, brglm2 0.9, glmnet 4.1.6,
# metafor 3.8.1, metadat 1.2.0, lme4 1.1.31 (Debian 12: r-base-core r-cran-epir r-cran-psych r-cran-rms ...).
# Every data set is published with R or one of these packages, or simulated below from a seed.
options(digits = 15, warn = 1)
suppressMessages({library(epiR); library(psych); library(survival)})
digits <- list()
say <- function(key, value, source) {
  digits[[length(digits) + 1]] <<- data.frame(key = key, value = as.numeric(value), source = source)
}
keep <- function(data, name, source) {
  con <- file(paste0(name, ".csv"), "w")
  writeLines(paste0("# ", source), con)
  write.csv(data, con, row.names = FALSE, quote = FALSE)
  close(con)
}
by <- function(call) paste("R 4.2.2", call)

# Peak expiratory flow, L/min, 17 people, twice with each meter: Bland and Altman (1986) Lancet i:307-310, Table I.
pefr <- data.frame(
  wright1 = c(494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427),
  wright2 = c(490, 397, 512, 401, 470, 611, 415, 431, 638, 429, 420, 633, 275, 492, 165, 372, 421),
  mini1 = c(512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451),
  mini2 = c(525, 415, 508, 444, 500, 625, 460, 390, 642, 432, 420, 605, 227, 467, 268, 370, 443))
keep(pefr, "pefr", "Peak expiratory flow, L/min: Bland and Altman (1986) Lancet i:307-310, Table I")

# ---- pairs
t <- t.test(pefr$wright1, pefr$mini1, paired = TRUE)
s <- by("t.test(wright1, mini1, paired = TRUE), data pefr")
say("paired t", t$statistic, s); say("paired t p", t$p.value, s)
say("paired t low", t$conf.int[1], s); say("paired t high", t$conf.int[2], s)
set.seed(16)
pairs <- data.frame(a = round(rnorm(20, 2.9, 0.4), 5), b = round(rnorm(20, 2.7, 0.4), 5))
keep(pairs, "pairs", "simulated in make.R, seed 16: no ties")
for (n in c(20, 9)) {
  w <- wilcox.test(pairs$a[1:n], pairs$b[1:n], paired = TRUE, conf.int = TRUE)
  s <- by("wilcox.test(paired = TRUE, conf.int = TRUE), data pairs")
  say(paste("signed rank v", n), w$statistic, s); say(paste("signed rank p", n), w$p.value, s)
  say(paste("signed rank estimate", n), w$estimate, s)
  say(paste("signed rank low", n), w$conf.int[1], s); say(paste("signed rank high", n), w$conf.int[2], s)
}
for (correct in c(TRUE, FALSE)) {
  w <- suppressWarnings(wilcox.test(pefr$wright1, pefr$mini1, paired = TRUE, exact = FALSE, correct = correct))
  s <- by("wilcox.test(wright1, mini1, paired = TRUE, exact = FALSE), data pefr: ties")
  say(paste("signed rank ties v", correct), w$statistic, s); say(paste("signed rank ties p", correct), w$p.value, s)
  w <- suppressWarnings(wilcox.test(pefr$mini1, pefr$mini2, paired = TRUE, exact = FALSE, correct = correct))
  s <- by("wilcox.test(mini1, mini2, paired = TRUE, exact = FALSE), data pefr: ties and a zero")
  say(paste("signed rank zero v", correct), w$statistic, s); say(paste("signed rank zero p", correct), w$p.value, s)
}
# Approval of the prime minister in two surveys: Agresti (1990), as in R's help of mcnemar.test.
for (correct in c(TRUE, FALSE)) {
  m <- mcnemar.test(matrix(c(794, 86, 150, 570), nrow = 2), correct = correct)
  say(paste("mcnemar chi-square", correct), m$statistic, by("mcnemar.test, Agresti's approval ratings"))
  say(paste("mcnemar p", correct), m$p.value, by("mcnemar.test, Agresti's approval ratings"))
}
b <- binom.test(150, 236)
say("mcnemar exact p", b$p.value, by("binom.test(150, 236)"))
say("mcnemar or low", b$conf.int[1] / (1 - b$conf.int[1]), by("binom.test(150, 236)"))
say("mcnemar or high", b$conf.int[2] / (1 - b$conf.int[2]), by("binom.test(150, 236)"))

# Infertility after abortion, sets of one case and two controls: Trichopoulos et al. (1976), datasets::infert.
keep(infert[, c("case", "stratum", "age", "parity", "spontaneous", "induced")], "infert",
     "Trichopoulos et al. (1976) Br J Obstet Gynaecol 83:645-650; R datasets::infert")
f <- clogit(case ~ spontaneous + induced + strata(stratum), data = infert, method = "exact")
for (v in c("spontaneous", "induced")) {
  s <- by("survival::clogit(case ~ spontaneous + induced + strata(stratum)), data infert")
  say(paste("clogit coefficient", v), coef(f)[v], s); say(paste("clogit se", v), sqrt(diag(vcov(f)))[v], s)
}
# Sets with more than one case: strata of five neighbours of one another's.
infert$five <- (infert$stratum - 1) %/% 5
f <- clogit(case ~ spontaneous + induced + strata(five), data = infert, method = "exact")
for (v in c("spontaneous", "induced")) {
  s <- by("survival::clogit, five strata of infert as one set: several cases in a set")
  say(paste("clogit several coefficient", v), coef(f)[v], s); say(paste("clogit several se", v), sqrt(diag(vcov(f)))[v], s)
}

# ---- correlations
z <- function(r) 0.5 * log((1 + r) / (1 - r))
back <- function(z) tanh(z)
r <- r.test(n = 103, r12 = 0.4, r34 = 0.6, n2 = 80)
say("independent correlations z", r$z, by("psych::r.test(n = 103, r12 = 0.4, r34 = 0.6, n2 = 80)"))
say("independent correlations p", r$p, by("psych::r.test(n = 103, r12 = 0.4, r34 = 0.6, n2 = 80)"))
r <- r.test(n = 66, r12 = 0.396, r13 = 0.179, r23 = 0.088)
say("williams t", r$t, by("psych::r.test(n = 66, r12 = .396, r13 = .179, r23 = .088)"))
say("williams p", r$p, by("psych::r.test(n = 66, r12 = .396, r13 = .179, r23 = .088)"))
# Meng, Rosenthal and Rubin (1992) eq. 1-3 and Steiger (1980) eq. 14 with pooled r, written out here.
a <- 0.396; b <- 0.179; ab <- 0.088; n <- 66
m2 <- (a^2 + b^2) / 2; ff <- min((1 - ab) / (2 * (1 - m2)), 1); h <- (1 - ff * m2) / (1 - m2)
say("meng z", (z(a) - z(b)) * sqrt((n - 3) / (2 * (1 - ab) * h)), by("written out in make.R: Meng et al. (1992) eq. 1"))
rb <- (a + b) / 2; psi <- ab * (1 - 2 * rb^2) - rb^2 * (1 - 2 * rb^2 - ab^2) / 2; cc <- psi / (1 - rb^2)^2
say("steiger z", (z(a) - z(b)) * sqrt(n - 3) / sqrt(2 - 2 * cc), by("written out in make.R: Steiger (1980) eq. 14"))
# Zou (2007) eq. 15, with the correlation of two overlapping r of Olkin and Siotani (1976).
ci <- function(r) back(z(r) + c(-1, 1) * qnorm(0.975) / sqrt(n - 3)); la <- ci(a); lb <- ci(b)
cr <- ((ab - 0.5 * a * b) * (1 - a^2 - b^2 - ab^2) + ab^3) / ((1 - a^2) * (1 - b^2))
say("zou low", a - b - sqrt((a - la[1])^2 + (lb[2] - b)^2 - 2 * cr * (a - la[1]) * (lb[2] - b)), by("written out in make.R: Zou (2007) eq. 15"))
say("zou high", a - b + sqrt((la[2] - a)^2 + (b - lb[1])^2 - 2 * cr * (la[2] - a) * (b - lb[1])), by("written out in make.R: Zou (2007) eq. 15"))
p <- c(0.01, 0.02, 0.03, 0.04, 0.05, 0.0005, 0.6, 0.03)
for (i in seq_along(p)) {
  for (m in c("holm", "BH", "bonferroni")) say(paste("adjust", m, i), p.adjust(p, m)[i], by("p.adjust"))
}

# ---- agreement
for (pair in list(c("wright1", "mini1"), c("wright1", "wright2"))) {
  e <- epi.ccc(pefr[[pair[1]]], pefr[[pair[2]]])
  s <- by("epiR::epi.ccc(ci = 'z-transform'), data pefr"); k <- paste(pair, collapse = " ")
  say(paste("ccc", k), e$rho.c$est, s); say(paste("ccc low", k), e$rho.c$lower, s); say(paste("ccc high", k), e$rho.c$upper, s)
  say(paste("ccc bias correction", k), e$C.b, s)
}
# Deming: minimised numerically over slope and intercept, so that nothing of the closed form is used.
deming <- function(x, y, ratio, w = rep(1, length(x))) {
  loss <- function(b) { fit <- optimise(function(a) sum(w * (y - a - b * x)^2 / (ratio + b^2)), c(-500, 500), tol = 1e-12); fit$objective }
  b <- optimise(loss, c(0.2, 5), tol = 1e-12)$minimum
  c(sum(w * y) / sum(w) - b * sum(w * x) / sum(w), b)
}
jack <- function(x, y, f) {
  n <- length(x); est <- f(x, y); pseudo <- sapply(1:n, function(i) n * est - (n - 1) * f(x[-i], y[-i]))
  rbind(est, se = apply(pseudo, 1, sd) / sqrt(n))
}
for (ratio in c(1, 2)) {
  d <- jack(pefr$wright1, pefr$mini1, function(x, y) deming(x, y, ratio))
  s <- by("Deming line by optimise(), jackknife se, data pefr")
  say(paste("deming intercept", ratio), d[1, 1], s); say(paste("deming slope", ratio), d[1, 2], s)
  say(paste("deming intercept se", ratio), d[2, 1], s); say(paste("deming slope se", ratio), d[2, 2], s)
}
# Weighted: Linnet (1990) with weights 1/((X + Y)/2)^2 of the estimated true values, iterated.
wdeming <- function(x, y, ratio) {
  w <- 1 / ((x + y) / 2)^2
  for (i in 1:200) {
    mx <- sum(w * x) / sum(w); my <- sum(w * y) / sum(w)
    u <- sum(w * (x - mx)^2); q <- sum(w * (y - my)^2); p <- sum(w * (x - mx) * (y - my))
    b <- (q - ratio * u + sqrt((q - ratio * u)^2 + 4 * ratio * p^2)) / (2 * p); a <- my - b * mx
    d <- y - a - b * x; X <- x + b * d / (ratio + b^2); Y <- y - ratio * d / (ratio + b^2)
    w <- 1 / ((X + Y) / 2)^2
  }
  c(a, b)
}
d <- jack(pefr$wright1, pefr$mini1, function(x, y) wdeming(x, y, 1))
s <- by("weighted Deming line of Linnet, 200 steps, jackknife se, data pefr")
say("weighted deming intercept", d[1, 1], s); say("weighted deming slope", d[1, 2], s)
say("weighted deming intercept se", d[2, 1], s); say("weighted deming slope se", d[2, 2], s)
# Passing and Bablok (1983).
pb <- function(x, y) {
  n <- length(x); i <- combn(n, 2); dx <- x[i[1, ]] - x[i[2, ]]; dy <- y[i[1, ]] - y[i[2, ]]
  ok <- !(dx == 0 & dy == 0); s <- dy[ok] / dx[ok]; s <- sort(s[s != -1]); N <- length(s); K <- sum(s < -1)
  b <- if (N %% 2) s[(N + 1) / 2 + K] else (s[N / 2 + K] + s[N / 2 + 1 + K]) / 2
  C <- qnorm(0.975) * sqrt(n * (n - 1) * (2 * n + 5) / 18); M1 <- round((N - C) / 2); M2 <- N - M1 + 1
  lo <- s[M1 + K]; hi <- s[M2 + K]
  c(b, lo, hi, median(y - b * x), median(y - hi * x), median(y - lo * x))
}
v <- pb(pefr$wright1, pefr$mini1); s <- by("Passing and Bablok (1983) written out in make.R, data pefr")
for (i in 1:6) say(paste("passing-bablok", c("slope", "slope low", "slope high", "intercept", "intercept low", "intercept high")[i]), v[i], s)
s <- by("friedman.test, data pefr, W = chi-square/(m (n - 1))")
f <- friedman.test(t(as.matrix(pefr)))  # raters are the four readings, subjects the 17 people
say("kendall w", f$statistic / (4 * 16), s); say("kendall w p", f$p.value, s)
f <- friedman.test(t(round(as.matrix(pefr) / 100)))
s <- by("friedman.test, data pefr in whole hundreds: ties")
say("kendall w ties", f$statistic / (4 * 16), s); say("kendall w ties p", f$p.value, s)

# ---- precision (Gluer 1995): within-subject SD with its chi-square interval
for (m in c("wright", "mini")) {
  x <- as.matrix(pefr[, paste0(m, 1:2)])
  v <- mean(apply(x, 1, var)); s <- by("sqrt(mean(apply(x, 1, var))), chi-square interval, data pefr")
  say(paste("precision sd", m), sqrt(v), s)
  say(paste("precision sd low", m), sqrt(17 * v / qchisq(0.975, 17)), s); say(paste("precision sd high", m), sqrt(17 * v / qchisq(0.025, 17)), s)
  say(paste("precision cv", m), 100 * sqrt(mean((apply(x, 1, sd) / rowMeans(x))^2)), s)
  say(paste("lsc", m), qnorm(0.975) * sqrt(2) * sqrt(v), s)
}
a <- anova(lm(v ~ factor(id), data = data.frame(v = c(pefr$mini1, pefr$mini2, 500, 610), id = c(1:17, 1:17, 1, 2))))
say("precision sd unequal", sqrt(a["Residuals", "Mean Sq"]), by("anova(lm(value ~ subject)), two people measured three times"))

source("models.R")

write.csv(do.call(rbind, digits), "digits.csv", row.names = FALSE)
