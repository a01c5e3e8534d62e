"""Training: samples whose truth fits the picture, and a network that learns. Skipped where torch is not installed."""

import json
from importlib import resources

import numpy as np
import pytest

import train.bodies
from train.bodies import draw_body, load_bodies
from train.contrast import draw_contrast
from train.samples import SHAPE, draw_sample
from vbqkit.propose import CLASSES
from vbqkit.propose.classes import BODY, L5, S1
from vbqkit.validation import proposal_scans, proposals

needs_torch = "torch is not installed: pip install 'vbqkit[train]' to train and to run this test"


@pytest.fixture(scope="module")
def body():
    return draw_body(0)


def test_a_sample_holds_every_class_and_a_hot_spot_in_each_body(body):
    seen = np.zeros(len(CLASSES), dtype=bool)
    for seed in range(12):
        sample = draw_sample(body, np.random.default_rng(seed))
        assert sample.channels.shape == (2, *SHAPE)
        assert np.isfinite(sample.channels).all()
        seen[np.unique(sample.classes)] = True
        hot = sample.classes[sample.heat > 0.9]
        assert np.isin(hot, (BODY, L5, S1)).sum() >= 0.95 * hot.size
    assert seen.all()


def test_the_same_seed_draws_the_same_sample(body):
    one, two = (draw_sample(body, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.channels, two.channels)
    assert np.array_equal(one.classes, two.classes)


def test_bodies_come_back_from_the_cache(tmp_path, body, monkeypatch):
    monkeypatch.setattr(train.bodies, "draw_body", lambda _seed: body)
    (first,) = load_bodies(1, tmp_path)
    monkeypatch.setattr(train.bodies, "draw_body", lambda _seed: pytest.fail("drawn again"))
    (second,) = load_bodies(1, tmp_path)
    assert np.array_equal(first.level, second.level)


def test_csf_is_dark_on_t1_and_bright_on_t2():
    """Of contrasts by physics, those with short TR have CSF below muscle, those with long TE above."""
    from vbqkit.anatomy import TISSUE_NAMES

    csf, muscle = TISSUE_NAMES.index("csf"), TISSUE_NAMES.index("muscle")
    drawn = [draw_contrast(np.random.default_rng(seed)).water for seed in range(200)]
    share = np.mean([abs(w[csf]) > abs(w[muscle]) for w in drawn])
    assert 0.3 < share < 0.75  # both kinds are shown


def test_no_patient_on_whom_proposals_are_judged_was_trained_on(tmp_path, monkeypatch):
    trained, judged = [], []
    monkeypatch.setattr(train.bodies, "_cached", lambda _path, seed: trained.append(seed))
    model = json.loads((resources.files("vbqkit.propose") / "data" / "model.json").read_text())
    load_bodies(model["trained"]["bodies"], tmp_path)

    def draw(seed):
        judged.append(seed)
        raise StopIteration

    monkeypatch.setattr(proposal_scans, "draw_case", draw)
    for number in (0, 1, 999):
        with pytest.raises(RuntimeError, match="StopIteration"):
            next(proposals.simulate_proposals([number]))
    assert len(trained) == model["trained"]["bodies"]
    assert len(set(judged)) == 3
    assert max(trained) < min(judged)


@pytest.mark.slow
def test_a_short_training_learns_goes_on_after_a_stop_and_is_the_same_in_numpy(tmp_path, body):
    pytest.importorskip("torch", reason=needs_torch)
    from train.export import write_reference, write_weights
    from train.fit import Plan, fit
    from vbqkit.propose import load_weights
    from vbqkit.propose.network import network_logits

    losses = []
    first = Plan(steps=8, seed=1, checkpoint=tmp_path / "checkpoint.pt", save_every=4)
    fit([body], first, report=lambda _step, _steps, loss: losses.append(loss))
    longer = Plan(steps=24, seed=1, checkpoint=tmp_path / "checkpoint.pt", save_every=24)
    net = fit([body], longer, report=lambda _step, _steps, loss: losses.append(loss))
    assert len(losses) == 24  # the second went on at step 8
    assert np.mean(losses[-5:]) < 0.97 * np.mean(losses[:5])
    write_weights(net, tmp_path / "data", trained={"steps": 24})
    write_reference(net, body, tmp_path / "reference.npz", seed=2)
    layers = load_weights(tmp_path / "data")
    with np.load(tmp_path / "reference.npz") as held:
        for channels, logits in zip(held["channels"], held["logits"], strict=True):
            assert np.abs(network_logits(channels, layers) - logits).max() < 1e-4
