# Sourced by make.R: prediction models, cut-offs, mixed models and meta-analysis.
suppressMessages({library(rms); library(glmnet); library(brglm2); library(pROC)})

# Birth weight: Hosmer and Lemeshow (1989), MASS::birthwt; 189 births, 59 of low weight.
bw <- MASS::birthwt
bw$race <- c("1 white", "2 black", "3 other")[bw$race]
keep(bw, "birthwt", "Hosmer and Lemeshow (1989) Applied Logistic Regression; R MASS::birthwt; low: under 2.5 kg; age years, lwt pounds, race, smoke, ptl, ht, ui, ftv, bwt g")
f <- glm(low ~ age + lwt + race + smoke, binomial, bw, control = glm.control(epsilon = 1e-14))
s <- by("glm(low ~ age + lwt + race + smoke, binomial), data birthwt")
for (i in 1:6) {
  k <- c("intercept", "age", "lwt", "black", "other", "smoke")[i]
  say(paste("glm", k), coef(f)[i], s); say(paste("glm se", k), sqrt(diag(vcov(f)))[i], s)
}
say("glm probability 1", fitted(f)[1], s)
pr <- predict(f, data.frame(age = 30, lwt = 120, race = "3 other", smoke = 1), se.fit = TRUE)
say("glm new probability", plogis(pr$fit), s); say("glm new low", plogis(pr$fit - qnorm(0.975) * pr$se.fit), s)

# Restricted cubic splines: rms with the knots stated.
kn <- as.numeric(quantile(bw$lwt, c(0.05, 0.35, 0.65, 0.95)))
dd <- datadist(bw); options(datadist = "dd")
l <- lrm(low ~ rcs(lwt, kn) + age + race, bw, x = TRUE, y = TRUE, tol = 1e-14, eps = 1e-12)
s <- by("rms::lrm(low ~ rcs(lwt, knots at 5, 35, 65, 95 %) + age + race), data birthwt")
for (i in 1:7) say(paste("spline coefficient", i), coef(l)[i], s)
a <- anova(l)
s <- by("rms::anova of that model")
for (i in 1:4) { say(paste("spline chi-square", i), a[i, 1], s) }
say("spline chi-square all", a["TOTAL", 1], s)

# Firth: endometrial cancer, Heinze and Schemper (2002), brglm2::endometrial; NV separates.
data(endometrial, package = "brglm2")
keep(endometrial, "endometrial", "Heinze and Schemper (2002) doi:10.1002/sim.1047, Table 2; R brglm2::endometrial; HG: high grade, NV: neovasculization, PI: pulsatility index of the uterine artery, EH: endometrium height")
g <- glm(HG ~ NV + PI + EH, binomial, endometrial, method = "brglmFit", type = "AS_mean", control = list(epsilon = 1e-12, maxit = 1000))
s <- by("glm(method = 'brglmFit', type = 'AS_mean'), data endometrial")
for (v in names(coef(g))) { say(paste("firth", v), coef(g)[v], s); say(paste("firth se", v), sqrt(diag(vcov(g)))[v], s) }
# The profile of the penalised likelihood, by optim() on the likelihood itself.
X <- model.matrix(HG ~ NV + PI + EH, endometrial); y <- endometrial$HG
sx <- c(1, 1, sd(X[, 3]), sd(X[, 4])); mx <- c(0, 0, mean(X[, 3]), mean(X[, 4])); Z <- X; for (j in 3:4) Z[, j] <- (X[, j] - mx[j]) / sx[j]
pl <- function(b) { e <- drop(Z %*% b); p <- plogis(e); sum(ifelse(y == 1, plogis(e, log.p = TRUE), plogis(-e, log.p = TRUE))) + 0.5 * determinant(crossprod(Z * sqrt(p * (1 - p))))$modulus }
top <- function(j, v) { o <- rep(0, 4); for (i in 1:6) o[-j] <- optim(o[-j], function(q) { b <- rep(v, 4); b[-j] <- q; -pl(b) }, method = "BFGS", control = list(reltol = 1e-15, maxit = 1000))$par; b <- rep(v, 4); b[-j] <- o[-j]; pl(b) }
o <- rep(0, 4); for (i in 1:6) o <- optim(o, function(b) -pl(b), method = "BFGS", control = list(reltol = 1e-15, maxit = 1000))$par
s <- by("profile of Firth's likelihood by optim() and uniroot(), data endometrial")
for (j in 2:4) {
  h <- function(v) 2 * (pl(o) - top(j, v)) - qchisq(0.95, 1)
  say(paste("firth low", colnames(X)[j]), uniroot(h, c(o[j] - 8, o[j]), tol = 1e-9)$root / sx[j], s)
  say(paste("firth high", colnames(X)[j]), uniroot(h, c(o[j], o[j] + 12), tol = 1e-9)$root / sx[j], s)
  say(paste("firth p", colnames(X)[j]), pchisq(2 * (pl(o) - top(j, 0)), 1, lower.tail = FALSE), s)
}

# LASSO with given folds.
x <- as.matrix(bw[, c("age", "lwt", "smoke", "ptl", "ht", "ui", "ftv")])
fold <- rep(1:9, 21)
lam <- c(0.08, 0.04, 0.02, 0.01, 0.005)
gl <- glmnet(x, bw$low, family = "binomial", lambda = lam, thresh = 1e-14)
cv <- cv.glmnet(x, bw$low, family = "binomial", lambda = lam, foldid = fold, thresh = 1e-14)
for (i in seq_along(lam)) {
  s <- by("glmnet(family = 'binomial'), data birthwt")
  b <- as.numeric(coef(gl, s = lam[i], exact = FALSE))
  for (j in 1:8) say(paste("lasso", lam[i], j), b[j], s)
  say(paste("lasso deviance", lam[i]), cv$cvm[i], by("cv.glmnet, foldid = rep(1:9, 21)")); say(paste("lasso deviance se", lam[i]), cv$cvsd[i], by("cv.glmnet, foldid = rep(1:9, 21)"))
}

# Calibration, Brier, Hosmer-Lemeshow, net benefit: of the model above, fitted to the first 100 births, in the other 89.
set.seed(7); pick <- sort(sample(189, 100))
dev <- bw[pick, ]; val <- bw[-pick, ]
f <- glm(low ~ age + lwt + smoke + ht, binomial, dev, control = glm.control(epsilon = 1e-14))
p <- predict(f, val, type = "response"); y <- val$low
keep(data.frame(p = format(p, digits = 15), y = y), "external", "probabilities of glm(low ~ age + lwt + smoke + ht) of 100 of the births in birthwt, and the outcome of the other 89")
v <- val.prob(p, y, pl = FALSE)
s <- by("rms::val.prob, data external")
for (k in c("C (ROC)", "Intercept", "Slope", "Brier", "Emax", "Eavg")) say(paste("val.prob", k), v[k], s)
q <- glm(y ~ offset(qlogis(p)), binomial, control = glm.control(epsilon = 1e-14)); s <- by("glm(y ~ offset(qlogis(p)), binomial), data external")
say("calibration in the large", coef(q), s); say("calibration in the large se", sqrt(vcov(q)), s)
q <- glm(y ~ qlogis(p), binomial, control = glm.control(epsilon = 1e-14)); s <- by("glm(y ~ qlogis(p), binomial), data external")
say("calibration slope", coef(q)[2], s); say("calibration slope se", sqrt(vcov(q)[2, 2]), s)
say("scaled brier", 1 - mean((y - p)^2) / (mean(y) * (1 - mean(y))), by("1 - mean((y - p)^2)/(m (1 - m)), data external"))
br <- cut(p, quantile(p, seq(0, 1, 0.1)), include.lowest = TRUE)
O <- tapply(y, br, sum); E <- tapply(p, br, sum); N <- table(br); hl <- sum((O - E)^2 / (E * (1 - E / N)))
s <- by("Hosmer-Lemeshow by cut(p, deciles), data external")
say("hosmer-lemeshow", hl, s); say("hosmer-lemeshow p 10", pchisq(hl, 10, lower.tail = FALSE), s); say("hosmer-lemeshow p 8", pchisq(hl, 8, lower.tail = FALSE), s)
lo <- lowess(p, y, iter = 0); s <- by("lowess(p, y, iter = 0), data external")
for (i in c(1, 30, 60, 89)) { say(paste("lowess x", i), lo$x[i], s); say(paste("lowess y", i), lo$y[i], s) }
for (t in c(0.1, 0.3, 0.5)) {
  s <- by("TP/n - FP/n t/(1 - t), data external (Vickers and Elkin 2006)")
  say(paste("net benefit", t), mean(p >= t & y == 1) - mean(p >= t & y == 0) * t / (1 - t), s)
  say(paste("net benefit all", t), mean(y) - (1 - mean(y)) * t / (1 - t), s)
}

# Optimism: rms::validate with many resamples.
l <- lrm(low ~ age + lwt + smoke + ptl + ht + ui + ftv, bw, x = TRUE, y = TRUE)
set.seed(1); v <- validate(l, B = 3000)
s <- by("rms::validate(B = 3000), data birthwt; AUC = (Dxy + 1)/2")
say("validate auc", (v["Dxy", "index.orig"] + 1) / 2, s); say("validate auc corrected", (v["Dxy", "index.corrected"] + 1) / 2, s)
say("validate slope corrected", v["Slope", "index.corrected"], s); say("validate brier", v["B", "index.orig"], s); say("validate brier corrected", v["B", "index.corrected"], s)

# Nomogram.
bw$race <- factor(bw$race); dd <- datadist(bw)
l <- lrm(low ~ age + lwt + race + smoke, bw)
n <- nomogram(l, age = c(15, 25, 35, 45), lwt = c(80, 120, 160, 200, 250), fun = plogis, fun.at = c(0.2, 0.5))
s <- by("rms::nomogram, data birthwt")
for (i in 1:4) say(paste("nomogram age", i), n$age$points[i], s)
for (i in 1:5) say(paste("nomogram lwt", i), n$lwt$points[i], s)
for (i in 1:3) say(paste("nomogram race", i), n$race$points[i], s)
for (i in 1:2) say(paste("nomogram smoke", i), n$smoke$points[i], s)
u <- attr(n, "info"); say("nomogram lp per point", 1 / u$sc, s); say("nomogram lp at 0", u$Intercept, s)
