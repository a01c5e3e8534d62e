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

# ---- Cut-offs that keep a rate: pROC's aSAH, Turck et al. (2010), in tests/reference/asah.csv.
data(aSAH, package = "pROC")
for (v in c("s100b", "wfns")) {
  rc <- roc(aSAH$outcome, as.numeric(aSAH[[v]]), levels = c("Good", "Poor"), direction = "<", quiet = TRUE)
  co <- coords(rc, "all", ret = c("threshold", "sensitivity", "specificity"), transpose = FALSE)
  s <- by(paste0("pROC::coords(roc(outcome, ", v, "), 'all'), data aSAH"))
  a <- co[co$sensitivity >= 0.9, ]; a <- a[which.max(a$specificity), ]
  b <- co[co$specificity >= 0.9, ]; b <- b[which.max(b$sensitivity), ]
  say(paste("sensitivity 0.9 cutoff", v), a$threshold, s); say(paste("sensitivity 0.9 specificity", v), a$specificity, s)
  say(paste("specificity 0.9 cutoff", v), b$threshold, s); say(paste("specificity 0.9 sensitivity", v), b$sensitivity, s)
}

# ---- Levels within patients: sleepstudy (Belenky et al. 2003, lme4) and a simulated cohort of four levels.
suppressMessages(library(lme4))
keep(sleepstudy, "sleepstudy", "Belenky et al. (2003) J Sleep Res 12:1-12; R lme4::sleepstudy; Reaction ms, Days, Subject")
set.seed(21)
id <- rep(1:40, each = 4); level <- rep(c("L1", "L2", "L3", "L4"), 40); age <- rep(round(rnorm(40, 65, 8)), each = 4)
lv <- data.frame(patient = id, level = level, age = age,
  vbq = round(1 + 0.025 * age + rep(rnorm(40, 0, 0.35), each = 4) + c(0, 0.05, 0.08, 0.12)[as.integer(factor(level))] + rnorm(160, 0, 0.2), 3))
lv <- lv[-c(3, 50, 51, 90), ]
keep(lv, "levels", "simulated in models.R, seed 21: VBQ of L1 to L4 in 40 virtual patients, four levels missing")
for (case in list(list("sleep", Reaction ~ Days + (1 | Subject), sleepstudy), list("levels", vbq ~ age + level + (1 | patient), lv))) {
  for (reml in c(TRUE, FALSE)) {
    m <- lmer(case[[2]], case[[3]], REML = reml, control = lmerControl(optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-14)))
    s <- by(paste0("lme4::lmer(REML = ", reml, "), data ", if (case[[1]] == "sleep") "sleepstudy" else "levels"))
    k <- paste("lmer", case[[1]], if (reml) "reml" else "ml")
    for (i in seq_along(fixef(m))) { say(paste(k, "fixed", i), fixef(m)[i], s); say(paste(k, "se", i), sqrt(diag(as.matrix(vcov(m))))[i], s) }
    vc <- as.data.frame(VarCorr(m))$vcov; say(paste(k, "between"), vc[1], s); say(paste(k, "within"), vc[2], s)
    say(paste(k, "icc"), vc[1] / sum(vc), s)
  }
}

# ---- Meta-analysis: ultrasound for deep vein thrombosis, Kearon et al. (1998), metadat::dat.kearon1998; bivariate model of
# Reitsma et al. (2005) as metafor fits it: logit sensitivity and logit specificity with their sampling variances.
suppressMessages(library(metafor))
ke <- get(data("dat.kearon1998", package = "metadat")); ke <- ke[ke$patients == "symptomatic" & !is.na(ke$tp) & !is.na(ke$tn), ]
ma <- data.frame(study = paste(gsub(",", "", ke$study), ke$year), tp = ke$tp, fn = ke$np - ke$tp, fp = ke$nn - ke$tn, tn = ke$tn)
ma$study <- gsub("'", "", ma$study)
keep(ma, "kearon", "Kearon et al. (1998) Ann Intern Med 128:663-677, symptomatic patients; R metadat::dat.kearon1998")
bi <- function(d, method, all) {
  add <- if (all) rep(0.5, nrow(d)) else ifelse(d$tp == 0 | d$fn == 0 | d$fp == 0 | d$tn == 0, 0.5, 0)
  tp <- d$tp + add; fn <- d$fn + add; fp <- d$fp + add; tn <- d$tn + add
  yi <- c(rbind(log(tp / fn), log(fp / tn))); vi <- c(rbind(1 / tp + 1 / fn, 1 / fp + 1 / tn))
  g <- factor(rep(c("sens", "fpr"), nrow(d)), levels = c("sens", "fpr")); id <- rep(seq_len(nrow(d)), each = 2)
  rma.mv(yi, vi, mods = ~ g - 1, random = ~ g | id, struct = "UN", method = method, control = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-14, maxit = 5000))
}
# AUDIT-C, six of the studies of Kriston et al. (2008), as printed in the vignette of R's mada.
audit <- data.frame(study = paste("Study", 1:6), tp = c(47, 126, 19, 36, 130, 84), fn = c(9, 51, 10, 3, 19, 2),
                    fp = c(101, 272, 12, 78, 211, 68), tn = c(738, 1543, 192, 276, 959, 89))
keep(audit, "auditc", "AUDIT-C, six studies of Kriston et al. (2008) Ann Intern Med 149:879-888, as in the vignette of R's mada")
for (nm in c("kearon", "auditc")) for (method in c("REML", "ML")) {
  d <- if (nm == "kearon") ma else audit
  b <- bi(d, method, FALSE); s <- by(paste0("metafor::rma.mv(struct = 'UN', method = '", method, "'), logit sensitivity and false positive rate, data ", nm))
  k <- paste("reitsma", nm, tolower(method))
  say(paste(k, "logit sensitivity"), b$beta[1], s); say(paste(k, "logit fpr"), b$beta[2], s)
  say(paste(k, "se sensitivity"), b$se[1], s); say(paste(k, "se fpr"), b$se[2], s); say(paste(k, "cov"), b$vb[1, 2], s)
  say(paste(k, "tau2 sensitivity"), b$tau2[1], s); say(paste(k, "tau2 fpr"), b$tau2[2], s); say(paste(k, "rho"), b$rho, s)
  say(paste(k, "log likelihood"), b$fit.stats[1, if (method == "REML") "REML" else "ML"], s)
}
