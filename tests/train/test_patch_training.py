"""Training of the networks on patches. Skipped where torch is not installed."""

import numpy as np
import pytest

needs_torch = "torch is not installed: pip install 'vbqkit[train]' to train and to run this test"


def patches_with_a_sign(n, rng):
    """Patches of noise; those of cases are brighter in the middle."""
    labels = np.arange(n) % 2
    patches = rng.normal(0.5, 0.1, (n, 2, 32, 32)).astype(np.float32)
    patches[labels == 1, 0, 8:24, 8:24] += 0.2
    return patches, labels


def test_a_network_learns_a_sign_and_is_the_same_in_numpy(tmp_path):
    pytest.importorskip("torch", reason=needs_torch)
    from train.patch_fit import PatchPlan, fit_patches, log_odds
    from train.patches import write_networks
    from vbqkit.machine_learning.patch_network import INPUTS, load_patch_network

    rng = np.random.default_rng(1)
    patches, labels = patches_with_a_sign(96, rng)
    network = fit_patches(patches, labels, ("T1", "T2"), PatchPlan(epochs=12, seed=1))
    unseen, truth = patches_with_a_sign(40, rng)
    found = log_odds(network, unseen)
    assert ((found > 0) == (truth == 1)).mean() > 0.9
    assert network.log_odds(unseen) == pytest.approx(found, abs=1e-4)
    again = fit_patches(patches, labels, ("T1", "T2"), PatchPlan(epochs=12, seed=1))
    assert again.log_odds(unseen[:4]) == pytest.approx(network.log_odds(unseen[:4]))
    write_networks(dict.fromkeys(INPUTS, network), tmp_path, trained={})
    assert load_patch_network("MRI", tmp_path).log_odds(unseen[:4]) == pytest.approx(found[:4], abs=1e-4)


def test_folds_keep_people_together_or_deal_out_their_vertebrae():
    pytest.importorskip("torch", reason=needs_torch)
    from train.patches import split_folds

    osteoporosis = (np.arange(40) % 2).astype(np.int64)
    folds = split_folds(osteoporosis, np.random.default_rng(1))
    together, apart = folds["by person"], folds["by vertebra"]
    assert (together == together[:, :1]).all()
    assert all(osteoporosis[together[:, 0] == k].mean() == 0.5 for k in range(5))
    assert all(len(set(row)) == 4 for row in apart.tolist())
