"""What the text of a lesson says about its own numbers, asserted where the lesson has just computed them.

Each text runs in the lesson's kernel after its last cell (tests/test_notebooks.py): a sentence that no longer agrees
with the simulation fails here, and not before a student. The comment quotes the sentence.
"""

CLAIMS = {
    "00_start_here": """
from vbqkit.literature import published_thresholds
from vbqkit.teacher import truth_of
# "Two women, one scanner, one scale of grey. One is 26; the other is she" (71)
assert [truth_of(SampleCase(name=k, volumes={})).patient.age for k in ("case01", "case04")] == [26, 71]
# "her marrow holds more fat than a young woman's"; the picture at the head shows it
a, b = vbq.values()
assert b > 1.3 * a
# "on the SNR axis the star lies far from the five, though her BMD lies among theirs"; "nearer to the five, and still
# not among them"; question 00-star: "the one lies among those of the five women, the other hardly lower"
five, hers = kosice_patients(), {name: case.score(name).value for name in ("SNR", "M-score")}
assert hers["SNR"] > 2 * five.snr.max() and dexa.t_score <= five.t_score.max()
assert hers["M-score"] < five.m_score.min()
sds = (hers["SNR"] - five.snr.mean()) / five.snr.std(), (hers["M-score"] - five.m_score.mean()) / five.m_score.std()
assert abs(sds[1]) < abs(sds[0])
# "The published cut-offs of VBQ-T1 that this course knows lie between 2.56 (Chen 2023, for osteopenia or osteoporosis)
# and 4.285 (Huang 2026, for fractures)"
cuts = published_thresholds().query("score == 'VBQ-T1'").dropna(subset="threshold").set_index("threshold").source
assert (cuts.index.min(), cuts.index.max()) == (2.56, 4.285)
assert (cuts[2.56], cuts[4.285]) == ("Chen 2023", "Huang 2026")
targets = published_thresholds().query("score == 'VBQ-T1'").dropna(subset="threshold").set_index("threshold").target
assert (targets[2.56], targets[4.285]) == ("osteopenia or osteoporosis", "vertebral fracture")
assert five.t_score.min() - 0.2 < dexa.t_score < five.t_score.min()
assert five.bmd_g_cm2.min() < dexa.bmd_g_cm2 < five.bmd_g_cm2.max()
# "Chen's 2.9 for osteoporosis would call even A ill, who is 26 and healthy"
chen = published_thresholds().query("source == 'Chen 2023' and target == 'osteoporosis' and score == 'VBQ-T1'")
assert a > chen.threshold.max() == 2.9
# question 00-star: "In other air of her picture the noise is many times as strong"
import re
told = next(str(found) for found in intervals if str(found).startswith("SNR"))
assert round(float(re.search(r"a factor of ([0-9.]+)", told)[1])) > 5
""",
    "10_what_mri_sees": """
# "Each row of its tissue table names its source; where it says model assumption, there is none"
from vbqkit.anatomy.tissues import TISSUES
assert all(tissue.source for tissue in TISSUES)
# "Fat has the shorter T1 of the two"; "Now CSF is the brightest of the tissues in the boxes"
assert table["fat"].t1_ms < table["CSF"].t1_ms
late = t1.image(tr_ms=4000, te_ms=120)
means = {roi.label: roi.measure(late).mean for roi in rois if roi.label != "fat"}
assert max(means, key=means.get) == "CSF"
# "Healthy women had on average 27.2 % in their 20s (30 women) and 50.5 % in their 70s (8 women; Baum 2018)"
from vbqkit.literature import published_groups
baum = published_groups().query("source == 'Baum 2018'").set_index("group")[["n", "mean"]]
assert [*baum.loc["women, 20-29 years"]] == [30, 27.2] and [*baum.loc["women, 70-79 years"]] == [8, 50.5]
# "From 20 to 70 % fat the marrow becomes brighter by half" (the guess): by 58 %
assert 1.45 < signal[-1] / signal[0] < 1.7
# nothing moves before the guess: every slider of the two labs is locked, and opens with it
assert all(slider.disabled for one in (lab, stir_lab) for slider in one._sliders.values())
for one, guess in ((lab, "CSF"), (stir_lab, "shorter")):
    one.guesses[""].give(guess)
    assert not any(slider.disabled for slider in one._sliders.values())
# "move TI until the fat under the skin is black; then go on to about 1500 ms and see what is black there" (CSF)
def of(label, ti):
    image = stir.image(ti_ms=ti)
    return next(roi for roi in rois if roi.label == label).measure(image).mean
assert 150 <= min(range(100, 300, 10), key=lambda ti: of("fat", ti)) <= 190
assert 1400 <= min(range(900, 2100, 50), key=lambda ti: of("CSF", ti)) <= 1650
""",
    "20_placing_rois": """
# "Below, only the CSF ROI is pushed backwards": the fat behind the sac lowers VBQ (question 20-effect)
assert values[-1] < 0.9 * values[0]
# the table: cortex and endplates are dark, the vein is darker than marrow, disc, roots and cord are grey, epidural fat
# is white
from vbqkit.exercises.cases import truth_of
from vbqkit.exercises.truth import tissue_signals
seen = tissue_signals(truth_of(case), case.middle_slice("T1")).set_index("structure").mean_signal
assert max(seen.cortex, seen.endplate, seen["basivertebral vein"]) < seen.marrow
assert all(seen.CSF < seen[grey] < seen.marrow for grey in ("disc", "nerve root", "spinal cord"))
assert seen.idxmax() == "epidural fat" and seen.idxmin() == "CSF"
""",
    "25_proposed_rois": """
# "Patient A is a woman without any finding": nothing wrong, and VBQ nearly that of the reference
(reference, proposed, percent, wrong), = told({"A": a}).values()
assert abs(percent) < 3 and wrong == "none"
# "a haemangioma ... The ROI lies on it"; "Part of the ROI lies in it"; "It must have no ROI at all"
from vbqkit.teacher import truth_of
patients = patients_to_judge()
rows = told(patients)
levels = {name: truth_of(case).findings[0].level for name, case in patients.items()}
assert all(level in rows[name][3].split(", ") for name, level in levels.items())
# question 25-marrow: "In patient B all four levels are accepted, and VBQ-T1 changes by little"
assert abs(rows["B"][2]) < 3
# "Its weakest ROI is CSF on T1: not wholly in the sac in 17 of 111 virtual patients"
import pandas as pd
judged = pd.read_csv("../validation/proposals_today.csv").query("weighting == 'T1'")
assert ((judged.csf_inside < 0.999).sum(), len(judged)) == (17, 111)
""",
    "30_snr_and_m_score": """
# "Her SNR differs several-fold from machine to machine, and on generic-3t there is none"
assert patient.snr.max() > 3 * patient.snr.min()
assert patient.snr.isna().to_dict() == {name: name == "generic-3t" for name in patient.index}
# "the noise differs at least three times as much as the marrow" on the machines that correct for their coil
corrected = spread[spread["coil correction"] > 0].dropna()
assert len(corrected) == 3
assert (corrected.noise_sd / corrected.marrow).min() > 3
# "the women differ most on generic-1.5t-plain"
assert spread.marrow.idxmax() == "generic-1.5t-plain"
# "Her VBQ-T1 needs no air, and still is not the same everywhere"
assert patient.vbq_t1.max() > 1.15 * patient.vbq_t1.min()
# "these twelve": on every machine that has an SNR
assert set(reference["count"]) <= {0, 12}
# "The paper does not print their SD; its five M-scores imply 5.4"
from vbqkit.literature import kosice_patients as printed_patients
five = printed_patients()
implied = (five.snr - 47.625) / five.m_score
assert (implied.round(1).between(5.3, 5.5)).all() and round(float(implied.mean()), 1) == 5.4
# "how often did the interval hold her M-score ... The first should be 95 %"; "It is less, at every size";
# "the next group falls outside more often still"; "a few lie far above the others"
groups = redraw_groups(young, patient.snr["generic-1.5t"])
groups.draw(999)
held = {n: np.mean([one.holds_truth for one in found]) for n, found in groups.found.items()}
after = {n: np.mean([one.holds_next for one in found]) for n, found in groups.found.items()}
assert max(held.values()) < 0.93 and all(after[n] < held[n] for n in held)
assert max(young) > np.mean(young) + 2.5 * np.std(young)
# each knob of "What moves the noise" is locked until the SNR is guessed
assert all(slider.disabled for slider in noise_lab._sliders.values())
# "The virtual hitachi-1.2t gives young women an SNR twice that of the five real ones (47.6)"
from vbqkit.literature import kosice_reference, published_correlations
real = kosice_reference()[["L1", "L2", "L3", "L4"]].to_numpy().mean()
assert 1.8 < reference.loc["hitachi-1.2t", "mean"] / real < 2.3
# "Lesson 00 has another reference group ...: 16 other women ... another mean and SD"
assert len(other) == 16 and len(young) == 28
here = [round(x) for x in reference.loc["generic-1.5t", ["mean", "std"]]]
assert here != [round(x) for x in (other.mean(), other.std())]
# "In 226 women Bandirali 2015 found an AUC of 0.844 ... and a correlation of -0.68 with the T-score, with 131 young
# women"
bandirali = found.set_index("source").loc["Bandirali 2015"]
assert (bandirali.n, bandirali.auc, bandirali.threshold) == (226, 0.844, 5.5) and "131 women" in bandirali.note
r = published_correlations().query("source == 'Bandirali 2015' and y == 'T-score'").r
assert round(float(r.iloc[0]), 2) == -0.68
# "Shayganfar 2019 found a sensitivity of 90 % and a specificity of 87 % in 82 women"; "Shayganfar's 2.05"
shayganfar = found.set_index("source").loc["Shayganfar 2019"]
assert (shayganfar.n, shayganfar.threshold) == (82, 2.05)
assert (shayganfar.sensitivity, shayganfar.specificity) == (0.90, 0.87)
# "The virtual scanner ... reaches an AUC of 0.59 where Bandirali found 0.84"
compared = pd.read_csv("../validation/comparison.csv").query("source == 'Bandirali 2015' and kind == 'AUC'").iloc[0]
assert round(compared.predicted, 2) == 0.59 and round(compared.published, 2) == 0.84
# "Its signal equations alone ... find as much as Bandirali; a full correction of the coil does not bring that back
# (three replications)"
assert "0.99 times the published AUC" in compared.reason
assert "in three replications" in compared.reason and "0.5 with the coil corrected" in compared.reason
# "the noise in the air is many times smaller than that in the marrow, with and without parallel imaging"
assert all(row["noise in L3"] > 5 * row["noise in air"] for row in rows)
""",
    "40_vbq": """
# "The bandwidth moves it too ... the fat in front of the dural sac slides into the CSF ROI"; question 40-cutoff: field,
# TR and TE "each moved the ratio by" what the table says
wide_band, narrow_band = (prepared.image(bandwidth_hz_per_px=b) for b in (150, 60))
slid = {roi.label: abs(roi.measure(narrow_band).mean / roi.measure(wide_band).mean - 1) for roi in five}
assert slid["CSF"] > 0.1 > 0.03 > max(slid[k] for k in ("L1", "L2", "L3", "L4"))
assert 2.5 < 217 / 60 * volume.slice(0).spacing_mm[1] < 3.0  # fat lies 217 Hz away at 1.5 T
size = {name: abs(value) for name, value in moved.items()}
assert 5 <= min(size.values()) and max(size.values()) < 20
# each slider is locked until the student has guessed
assert all(slider.disabled for one in (gain_lab, no_lab, coil_lab) for slider in one._sliders.values())
for name in no_lab.guesses:
    no_lab.guesses[name].give("falls")
assert not any(slider.disabled for slider in no_lab._sliders.values())
# "2.77 at 1.5 T and 2.20 at 3 T (-21 %)"
from vbqkit.literature import published_groups
field = published_groups().query("source == 'Vertebral bone quality in MRI parameters 2023'").set_index("group")["mean"]
assert round(100 * (field["no fracture, 3 T"] / field["no fracture, 1.5 T"] - 1)) == -21
# "The simulation shows too little of both (validation/README.md)"
import pandas as pd
compared = pd.read_csv("../validation/comparison.csv").query(
    "source == 'Vertebral bone quality in MRI parameters 2023' and kind == 'ratio'"
)
assert len(compared) == 2 and compared.effect_ratio.max() < 0.8
# "Which ROI has the smallest island" (the card: "hardly, for one level; much, for the CSF ROI")
from vbqkit.scores import vbq_landscape
def island(*moved):
    return vbq_landscape(volume.slice(0), five, moved=moved, aggregate="median").share_within(4.0)
assert island("CSF") < 0.25 and island("CSF") < 0.5 * min(island(k) for k in ("L1", "L2", "L3", "L4"))
assert island("CSF") < island("L1", "L2", "L3", "L4")
placed = score_value(volume, five, "VBQ-T1", aggregate="median")
def by_a_millimetre(label):
    ways = ((0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
    moved = ([r.moved(mm) if r.label == label else r for r in five] for mm in ways)
    return max(abs(100 * (score_value(volume, rois, "VBQ-T1", aggregate="median") / placed - 1)) for rois in moved)
assert max(by_a_millimetre(k) for k in ("L1", "L2", "L3", "L4")) < 1 < 3 < by_a_millimetre("CSF")
# "Inside the black line VBQ changes by no more than two scans of the same woman differ": some percent
from ipywidgets.widgets import widget
(live,) = [w for w in widget._instances.values() if isinstance(w, LiveLandscape)]
assert 2 < live._rescan < 8 and live.landscape is not None
# "VBQ changes only because signals are stored as whole numbers"
assert max(by_gain.values()) - min(by_gain.values()) < 0.01 * by_gain["1"]
# "These three differ by a few percent. So do two scans of the same woman"
def scanned_again(seed):
    again = acquire(phantom, scanner, "T1", rng=np.random.default_rng(seed), slices=[7])
    return score_value(again, five, "VBQ-T1", aggregate="median")
scans = [scanned_again(seed) for seed in range(40, 45)]
for values in (by_level.values(), scans):
    assert 0.015 < max(values) / min(values) - 1 < 0.06
# "The median moves less"
(_, median_good, median_bad), (_, mean_good, mean_bad) = ((k, *v) for k, v in both.items())
assert abs(median_bad / median_good - 1) < abs(mean_bad / mean_good - 1)
""",
    "50_t2_stir": """
protocol = scanner.protocol("STIR")
# "it is fat minus some water, since STIR has the shorter TE here and shows water brighter than T2 does. In marrow with
# little fat the two nearly cancel"
assert water < 0 < only_fat and protocol.timing.te_ms < scanner.protocol("T2").timing.te_ms
assert abs(0.73 * water + 0.27 * only_fat) < 0.5 * abs(0.27 * only_fat)
def fat(ti_ms):
    timing = replace(protocol.timing, ti_ms=ti_ms)
    return abs(tissue_signal("subcutaneous_fat", timing, field_t=1.5))
def marrow(ti_ms):
    image = series.image(ti_ms=ti_ms)
    return np.mean([roi.measure(image).mean for roi in rois if roi.label != "CSF"])
# "Near 175 ms the fat is darkest"; "Go back to 150 ms, where this machine's protocol has its TI"
times = range(130, 300, 5)
assert 170 <= min(times, key=fat) <= 180
assert protocol.timing.ti_ms == 150
# "Go on to about 245 ms: now marrow is darkest"
assert 240 <= min(times, key=marrow) <= 250
# the card: "0.601, without 0.548"; "0.318, without 0.316 (p = 0.83)"; "0.987, without 0.828" (Huang 2026)
from vbqkit.literature import published_groups
printed = published_groups().query("source == 'Huang 2026'").set_index(["quantity", "group"])["mean"]
for score, pair in {"VBQ-T2": (0.601, 0.548), "VBQ-STIR": (0.318, 0.316), "VBQ-T2-STIR": (0.987, 0.828)}.items():
    assert tuple(printed[score][["fracture", "no fracture"]]) == pair
# "In one model with VBQ-T1, VBQ-T2 and VBQ-T2-STIR only VBQ-T2 stayed a predictor of fracture"
from vbqkit.literature.printed import paper_numbers
huang = paper_numbers("Huang 2026")
p = [float(huang[f"table4.multi.{name}.p"].printed) for name in ("t1", "t2", "t2stir")]
assert p[1] < 0.05 < min(p[0], p[2])
# "over ordinary ones CSF in the simulation is 0.55 to 1.37 times as bright on STIR as on T2"
import pandas as pd
compared = pd.read_csv("../validation/comparison.csv").query("source == 'Huang 2026' and what.str.contains('T2-STIR')")
assert compared.reason.str.startswith("CSF is 0.55 to 1.37 times as bright on STIR as on T2").any()
# "With a gain of STIR so high that CSF is no longer brighter on T2, the software gives no number at all"
assert lines["VBQ-T2-STIR"][-1] > 1.2 * lines["VBQ-T2-STIR"][ratio.index(1.0)]
assert max(lines["VBQ-T2"]) - min(lines["VBQ-T2"]) < 0.01
""",
    "60_against_dexa": """
# "the first reaches from -0.95 to 0.78, the second from -0.59 to 0.98"; question 60-five: "interval from -0.94 to 0.80"
spans = [stats.spearman(y, "snr", data=patients).iloc[0] for y in ("t_score", "tbs", "bmd_g_cm2")]
assert [(round(s.ci_low, 2), round(s.ci_high, 2)) for s in spans] == [(-0.95, 0.78), (-0.59, 0.98), (-0.94, 0.80)]
# "The paper prints p = 0.55 ... SPSS, which the paper used, prints the approximation by Student's t"
assert round(float(stats.spearman("snr", "t_score", data=patients, p_value="t").p.iloc[0]), 2) == 0.55
# question 60-ledger: "Most numbers of the ledger agree"
assert ledger()["verdict"].str.startswith("agrees").mean() > 0.5
# "in the published correlations that the cohort is drawn with, marrow fat goes less closely with CT than with DEXA"
from vbqkit.anatomy.patients import CORRELATIONS, MEASURES
fat = dict(zip(MEASURES, abs(CORRELATIONS[MEASURES.index("pdff")]), strict=True))
assert fat["hu"] < fat["bmd"]
# "Not here: the coefficient with QCT is nearer to 0 than that with the T-score"
r = [stats.pearson(by, "vbq_t1", data=cohort).estimate.iloc[0] for by in ("t_score", "qct_mg_cm3")]
assert r[0] < 0 and abs(r[1]) < abs(r[0])
# "Most of it is left in this cohort"
assert abs(shrunk.estimate.iloc[1]) > 0.75 * abs(shrunk.estimate.iloc[0])
# "The paper prints rho = 0.82 (p = 0.089) there ... from the printed table follows 0.70"
assert round(stats.spearman("tbs", "snr", data=patients).estimate.iloc[0], 2) == 0.70
# "in 134 patients" (Chen 2023: r = -0.62), "-0.61 and -0.63 with HU", "-0.27 with QCT (Cui 2025)"
from vbqkit.literature import published_correlations
printed = published_correlations()
chen = printed[printed.source == "Chen 2023"]
assert {-0.62, -0.61, -0.63} <= {round(float(x), 2) for x in chen.r} and 134 in set(chen.n)
assert -0.27 in {round(float(x), 2) for x in printed[printed.source == "Cui 2025"].r}
# "Its interval is nearly as wide as the two groups lie apart"
low, high = best.set_index("quantity").loc["cutoff", ["ci_low", "ci_high"]]
apart = cohort.groupby("osteoporosis").vbq_t1.mean().diff().iloc[-1]
assert 0.5 < (high - low) / apart < 1.5
""",
    "65_measure_bone_yourself": """
# "One man, two verdicts": question 65-worn, "T-score near normal, QCT low"
assert both["who_class"] != verdict and both["t_score"] > -1.5 and hu_and_qct(worn.ct_rois)[1] < 120
# "The boxes are too coarse": another density than the outline gives; question 65-dxa: a wider box has a lower density
from dataclasses import replace as changed
boxes = dexa_boxes(worn.dexa)
wide = [changed(box, half_width=(1.4 * box.half_width[0], 0, 0)) for box in boxes]
assert measure_dexa_rois(worn.dexa, wide)["bmd_g_cm2"] < measure_dexa_rois(worn.dexa, boxes)["bmd_g_cm2"]
# question 65-hu: a ROI that reaches the cortex has more HU
l1 = next(roi for roi in worn.ct_rois if roi.label == "L1")
large = [*(roi for roi in worn.ct_rois if roi.label != "L1"), l1.with_area(8.0)]
assert hu_and_qct(large)[0] > hu_and_qct(worn.ct_rois)[0]
# "Guess which level of the two columns stands out, and whether it is the same in both": not the same
dense, trabecular = ({k: v[i] for k, v in by_level.items()} for i in (0, 1))
assert max(dense, key=dense.get) != max(trabecular, key=trabecular.get)
# "it is several times as strong in one place of the air as in another": no interval for SNR and M-score
import re
factor = float(re.search(r"a factor of ([0-9.]+)", by_name["SNR"].missing)[1])
assert 3 < factor < 30
""",
    "70_readers": """
# "these five differ much"; "it gives the two virtual readers 0.94 ... ICC(2,1) sees it: 0.54, since the hasty one reads
# a sixth to almost a third lower in every patient"
assert not done and wide.to_numpy().max() > 2 * wide.to_numpy().min()
forms = icc(wide).set_index("shrout_fleiss").estimate
assert (round(forms["ICC(3,1)"], 2), round(forms["ICC(2,1)"], 2)) == (0.94, 0.54)
lower = 1 - wide["hasty reader"] / wide["careful reader"]
assert 0.15 < lower.min() < 0.18 and 0.29 < lower.max() < 0.33
# question 70-icc, reader B 10 % above A: "+9.5 % of the mean of both"
always_more = (100 * (1.1 * wide[first] - wide[first]) / (2.1 * wide[first] / 2)).round(1)
assert set(always_more) == {9.5}
# "For CSF on T1 one of its observers had -11.7 to +9.1 %"; the printed -11.7 to +8.1 are of two different plots
from vbqkit.literature.printed import paper_numbers
limits = {number.printed for number in paper_numbers("Huang 2026").values()}
assert {"-11.71", "9.10"} <= {text.replace("\u2212", "-").rstrip(" %") for text in limits}, sorted(limits)
""",
    "97_was_the_study_large_enough": """
import numpy as np
import pandas as pd
# question 97-guess: "0.56 to 0.72"; the card: "168 patients know an AUC to about +-0.08"
auc = huang.compared().query("comparison == 'VBQ-T1 for fracture' and statistic == 'AUC'").iloc[0]
assert abs(auc.low - 0.56) < 0.02 and abs(auc.high - 0.72) < 0.02
# question 97-five: "anything from -0.9 to 0.7", "with this truth about one replica in four has r above 0"
kosice = tables[0].draws["M-score with BMD", "r"]
assert [round(float(x), 1) for x in np.quantile(kosice, (0.025, 0.975))] == [-0.9, 0.7]
assert 0.2 < (kosice > 0).mean() < 0.3
# question 97-cutoff: "J = 0.26", in new patients "about 0.18"
assert abs(t1.loc["Youden's J", "mean"] - 0.26) < 0.01
assert abs(t1.loc["Youden's J in new patients", "mean"] - 0.18) < 0.015
# question 97-p: "Between 50 and 60"; "reads an r that is too large"
assert 0.50 < (p < 0.05).mean() < 0.60 and r[p < 0.05].mean() < r.mean() - 0.05
# "Cui 2025 lies far from what was predicted, and among the replicas in which disease has no effect on marrow"
kept = pd.read_csv("../validation/replicas_compared.csv").set_index("population")
kept = kept.query("comparison == 'VBQ-T1 with QCT' and statistic == 'r'")
assert kept.high["virtual patients"] < -0.27 < kept.high["marrow of another"]
assert kept.low["marrow of another"] < -0.27 and kept.high["virtual patients"] < -0.4
# validation/replicas.md: "the two models' ranges lie 0.02 apart"
assert round(kept.low["marrow of another"] - kept.high["virtual patients"], 2) == 0.02
# "217 are 98.64 %, 218 are 99.09 %; 90 of 91 is"
assert [round(100 * k / n, 2) for k, n in ((217, 220), (218, 220), (90, 91))] == [98.64, 99.09, 98.90]
""",
    "80_pitfalls": """
# "measuring it makes the bone look better than it is"; "The two rules give almost the same here"
as_if, leave, replace_ = by_rule.values()
assert as_if < 0.95 * leave and abs(replace_ / leave - 1) < 0.03
# "in Chen 2023 the T-score of the spine was higher where it was worn (-0.69 against -1.15), that of the hip was not"
from vbqkit.literature.printed import paper_numbers
texts = {number.printed for number in paper_numbers("Chen 2023").values()}
assert {"-0.69", "-1.15", "-0.57", "-0.53"} <= {text.replace("−", "-").replace(" ", "") for text in texts}
# "bright on STIR (oedema takes the place of fat)", "darker than the other vertebrae" on T1: captions of the pictures
def signal(series, roi):
    return roi.measure(series.nearest_slice(roi.center_mm)).mean
broken_rois = {roi.label: roi for roi in read_rois("../sample_data/case05/reference_rois.vbqkit.json")}
def against_neighbours(weighting):
    neighbours = np.mean([signal(fracture[weighting], broken_rois[k]) for k in ("L1", "L3")])
    return signal(fracture[weighting], fractured) / neighbours
assert against_neighbours("T1") < 0.85 and against_neighbours("STIR") > 1.3
assert abs(against_neighbours("T2") - 1) < 0.2, "hardly differs"
# captions of case06: type 1 and sclerosis dark on T1, type 2 bright on T1 and T2 and dark on STIR, sclerosis dark on
# all; type 1 is "brighter than his other marrow" on T2, and bright on STIR
phantom, volume, rois = scanned("case06")
def against_own_level(series, name):
    level, tissue = changes[name]
    return signal(series, into(rois[level], tissue)) / signal(series, rois[level])
one, two, three = ([against_own_level(sixth[w], name) for w in ("T1", "T2", "STIR")] for name in changes)
assert one[0] < 0.85 and one[1] > 1.05 and one[2] > 1.1
assert two[0] > 1.05 and two[1] > 1.05 and two[2] < 0.85 and max(three) < 0.8
# captions of case07: the focus is bright on T1, brighter than the marrow on T2, "not black" on STIR
phantom, volume, rois = scanned("case07")
focus = into(rois["L1"], "haemangioma")
assert all(signal(seventh[w], focus) > 1.02 * signal(seventh[w], rois["L1"]) for w in ("T1", "T2", "STIR"))
phantom, volume, rois = scanned("case06")
# "though chance is not excluded (p for the difference in the next cell)"; the correlation with HU "is the same in both"
assert float(apart.p.iloc[0]) > 0.05
hu = published_correlations().query("source == 'Chen 2023' and y.str.contains('HU')").r.abs()
assert hu.max() - hu.min() < 0.03
# "Type 1 and sclerosis lower the score, type 2 raises it"
unchanged = vbq_t1(rois.values())
assert in_changed["Modic 1 (oedema), L2"] < unchanged < in_changed["Modic 2 (fat), L4"]
assert in_changed["sclerosis, L3"] < unchanged
# "By DEXA case06 is normal, half an SD below the healthy man. His QCT lies far below the healthy man's and near the
# limit of 80 mg/cm3"; "his marrow is closer to that of the woman with osteoporosis than to the healthy man's"
his, healthy, hers = (found.measure() for found in images.values())
assert his["t_score"] > -1 and 0.3 < healthy["t_score"] - his["t_score"] < 0.7
assert 70 < his["qct_mg_cm3"] < 0.75 * healthy["qct_mg_cm3"]
his, healthy, hers = (100 * np.mean(sample_patient(name).patient.pdff) for name in people.values())
assert abs(his - hers) < abs(his - healthy)
# "The reference CSF ROI does not lie at L3 ... the denominator grows, and VBQ falls"
phantom, volume, rois = scanned("case07")
assert level_beside(rois["CSF"]) != "L3"
assert vbq_t1(with_roi(at_l3)) < 0.95 * vbq_t1(rois.values())
""",
    "98_machine_learning": """
# question 98-gain: "Mean doubles, variance grows fourfold; texture stays"
assert abs(twice["mean"] / once["mean"] - 2) < 0.02 and abs(twice["variance"] / once["variance"] - 4) < 0.1
assert all(abs(twice[name] / once[name] - 1) < 0.06 for name in names[2:])
# "52 men, 108 women, 61 years on average ... 160 virtual ones of the same make"
assert len(people) == 160 and 50 <= (people.sex == "M").sum() <= 54 and abs(people.age.mean() - 61) < 2
# "The intervals of T1 and T2 overlap"
for _, rows in right.groupby("learner"):
    of = rows.set_index("inputs")
    assert of.ci_low["T1"] < of.ci_high["T2"]
# "KNN on T1 comes near the published 0.821"
at = found.query("inputs == 'T1' and learner == 'KNN' and seed == 1").set_index("evaluation")
assert abs(at.estimate[nested] - 0.821) < 0.03
# "around the wrong number it is even narrower"
assert at.estimate[leaky] > at.estimate[nested] + 0.05
assert at.ci_high[leaky] - at.ci_low[leaky] < at.ci_high[nested] - at.ci_low[nested]
# "KNN gains 0.05, the forest 0.06; logistic regression nothing (0.00)"
of = found.query("inputs == 'T1' and seed == 1").set_index(["learner", "evaluation"]).estimate
knn_gain, forest_gain, logistic_gain = (
    of[learner, leaky] - of[learner, nested] for learner in ("KNN", "random forest", "logistic regression")
)
assert [round(gain, 2) for gain in (knn_gain, forest_gain, logistic_gain)] == [0.05, 0.06, 0.0]
# question 98-shuffled: "still gives a high AUC"; "The least of ten is high as well. Nested by person, the same ten lie
# about 0.5"
assert len(shuffled.query("evaluation == @leaky + @SHUFFLED")) == 10
assert shuffled.query("evaluation == @leaky + @SHUFFLED").estimate.min() > 0.65
assert abs(shuffled.query("evaluation == @nested + @SHUFFLED").estimate.mean() - 0.5) < 0.06
# question 98-elsewhere: the order of KNN is lost on the other machine, and so are logistic probabilities
assert at.estimate[ELSEWHERE] < 0.65
assert abs(judged["3 T"].probability.mean() - judged["3 T"].outcome.mean()) > 0.1
# "The network on CT does better than HU"; "And still no network here comes near 98.90 %"
by_person_rows = study[study.split == "by person"]
on_ct = by_person_rows[by_person_rows.network == "CT"]
network, hu = (
    float(stats.auc(column, "osteoporosis", positive=side, data=on_ct).estimate.iloc[0])
    for column, side in (("probability", "high"), ("hu", "low"))
)
assert network > hu + 0.05
for _, of_one in by_person_rows.groupby("network"):
    assert accuracy_of(of_one, outcome="osteoporosis")["balanced_accuracy"] < 0.92
assert max(value["balanced_accuracy"] for value in limit.values()) < 0.9
""",
    "99_final": """
# "at most 5 % foreign tissue (in CSF roots up to 20 %) ... levels 0.20 to 0.80 cm2, CSF at least 0.10, noise at least
# 0.20 cm2"; "Five of the six readings must pass"; "Up to 2, it cannot be told from one of these"
from vbqkit.exercises import consequence, faults, report_card
assert (faults.WRONG_SHARE, faults.MARROW_CM2) == (0.05, (0.20, 0.80))
assert faults.LEAST_CM2 == {"CSF": 0.10, "noise": 0.20}
assert report_card.needed_to_pass(6) == 5 and consequence.WITHIN == 2.0
""",
    "96_open_data": """
import pandas as pd
# all of this is said of the virtual patients that stand in for SPIDER; the real files are not here
assert not patients.real and "SYNTHETIC" in patients.source
# "has everybody a T1 series? Does the table know every scanner?": no, and no
from vbqkit.datasets import compare_with_masks, count_series, spider_series
t1, t2 = count_series(spider_series(patients.data))
assert (t1["patients"], t1["there"], t1["not_known"], t1["another"]) == (5, 4, 1, 0)
table = patients.scores()
assert table.vbq_t1.isna().sum() == 1 and "VBQ-T1 not given: no T1 series" in table.reason.dropna().iloc[0]
assert (table.scanner == "not stated").sum() == 1
# "The marrow may agree within a few percent, and the score not at all"; "with this ROI VBQ-T1 comes out lower and
# VBQ-T2 higher than with a ROI between the roots"
compared = pd.DataFrame(compare_with_masks(patients.data))
assert (compared.names == "as in the masks").all()
assert compared.marrow_percent.abs().median() < 3 and compared.csf_percent.abs().min() > 10
assert compared.marrow_percent.abs().max() < compared.csf_percent.abs().min() / 3
assert (compared[compared.weighting == "T1"].vbq_percent > 10).all()
assert (compared[compared.weighting == "T2"].vbq_percent < -10).all()
""",
}
