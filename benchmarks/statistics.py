"""How fast the ROC statistics are, as ratios to named alternatives measured in the same run."""

import time

import numpy as np


def seconds(function, repeats):
    """Best of a few runs: what the machine can do when nothing else disturbs it."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def textbook_delong(score, outcome):
    """DeLong's definition, pair by pair, in rows to bound the memory: O(n²)."""
    cases, controls = score[outcome], score[~outcome]
    v_case = np.empty(cases.size)
    v_control = np.zeros(controls.size)
    for i, value in enumerate(cases):
        psi = (value > controls) + 0.5 * (value == controls)
        v_case[i] = psi.mean()
        v_control += psi
    v_control /= cases.size
    return v_case.mean(), (v_case.var(ddof=1) / cases.size + v_control.var(ddof=1) / controls.size) ** 0.5


def loop_bootstrap(score, outcome, n_bootstrap, rng):
    """A resample at a time, each through scikit-learn."""
    from sklearn.metrics import roc_auc_score

    cases, controls = score[outcome], score[~outcome]
    sorted_outcome = np.arange(score.size) < cases.size
    return [
        roc_auc_score(
            sorted_outcome, np.concatenate([rng.choice(cases, cases.size), rng.choice(controls, controls.size)])
        )
        for _ in range(n_bootstrap)
    ]


def sample(n, rng):
    outcome = rng.random(n) < 0.43
    return rng.normal(size=n) + 0.8 * outcome, outcome


def main() -> None:
    from sklearn.metrics import roc_auc_score

    from vbqkit.stats import auc

    rng = np.random.default_rng(0)
    print(f"{'what':58s} {'ours':>10s} {'theirs':>10s} {'theirs/ours':>12s}")

    def line(what, ours, theirs):
        print(f"{what:58s} {ours * 1e3:8.1f} ms {theirs * 1e3:8.1f} ms {theirs / ours:11.1f}x")

    score, outcome = sample(20_000, rng)
    found = auc(score, outcome, positive="high").iloc[0]
    area, se = textbook_delong(score, outcome)
    assert abs(found.estimate - area) < 1e-12
    assert abs(found.se - se) < 1e-12
    line(
        "AUC with DeLong interval, n = 20 000, against O(n²)",
        seconds(lambda: auc(score, outcome, positive="high"), 5),
        seconds(lambda: textbook_delong(score, outcome), 1),
    )
    for n, repeats in ((235, 50), (20_000, 10), (1_000_000, 3)):
        score, outcome = sample(n, rng)
        line(
            "AUC with DeLong interval, n = " + f"{n:,}".replace(",", " ") + ", against roc_auc_score",
            seconds(lambda s=score, o=outcome: auc(s, o, positive="high"), repeats),
            seconds(lambda s=score, o=outcome: roc_auc_score(o, s), repeats),
        )
    score, outcome = sample(235, rng)
    line(
        "10 000 bootstrap AUCs, n = 235, against a loop (x 20 of 500)",
        seconds(lambda: auc(score, outcome, positive="high", interval="bootstrap", rng=np.random.default_rng(1)), 3),
        20 * seconds(lambda: loop_bootstrap(score, outcome, 500, np.random.default_rng(1)), 1),
    )


if __name__ == "__main__":
    main()
