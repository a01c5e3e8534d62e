"""The network in numpy: the same as torch, the shipped weights and no others, any size of picture."""

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from vbqkit.errors import ProposalError
from vbqkit.propose import CLASSES, load_weights, network_channels, run_network
from vbqkit.propose.network import network_logits

DATA = Path(__file__).parents[2] / "vbqkit" / "propose" / "data"
REFERENCE = Path(__file__).parents[1] / "reference" / "proposal_network.npz"


def test_numpy_gives_what_torch_gave_with_the_same_weights():
    """The reference was written by `python -m train`, whose torch network holds the shipped weights."""
    with np.load(REFERENCE) as held:
        for channels, logits in zip(held["channels"], held["logits"], strict=True):
            assert np.abs(network_logits(channels) - logits).max() < 1e-4
            assert np.abs(logits).max() > 3  # no picture on which nothing is said


def test_the_weights_fit_into_the_wheel():
    assert (DATA / "weights.npy").stat().st_size <= 2_000_000


def changed_copy(folder):
    shutil.copytree(DATA, folder)
    held = bytearray((folder / "weights.npy").read_bytes())
    held[len(held) // 2] ^= 1
    (folder / "weights.npy").write_bytes(held)
    return folder


def test_changed_weights_are_refused_by_their_checksum(tmp_path):
    with pytest.raises(ProposalError, match=r"were changed: their SHA-256 is .*Nothing is proposed"):
        load_weights(changed_copy(tmp_path / "data"))


def test_missing_weights_and_a_broken_card_are_refused(tmp_path):
    with pytest.raises(ProposalError, match=r"cannot be read from .*Install vbqkit again"):
        load_weights(tmp_path)
    shutil.copy(DATA / "weights.npy", tmp_path / "weights.npy")
    (tmp_path / "model.json").write_text(json.dumps(["no", "checksum"]), encoding="utf-8")
    with pytest.raises(ProposalError, match="cannot be read from"):
        load_weights(tmp_path)


@pytest.mark.parametrize("shape", [(31, 33), (64, 64), (65, 100)])
def test_a_picture_of_any_size_gives_probabilities(shape):
    found = run_network(np.random.default_rng(0).random((2, *shape)).astype(np.float32))
    assert found.shape == (len(CLASSES) + 1, *shape)
    assert np.allclose(found[: len(CLASSES)].sum(axis=0), 1.0, atol=1e-5)
    assert found.min() >= 0.0
    assert found.max() <= 1.0


def test_the_channels_do_not_depend_on_the_receiver_gain():
    signal = np.random.default_rng(1).gamma(2.0, size=(80, 60))
    assert np.allclose(network_channels(signal), network_channels(977.0 * signal), atol=1e-5)


def test_a_blank_picture_has_channels_of_zero():
    assert not network_channels(np.zeros((40, 40))).any()


@pytest.mark.slow
def test_eighteen_slices_take_about_a_second_of_processor_time(volume):
    """Goal: 1 s on one core. The bound is wide, for machines that are slower or shared."""
    from dataclasses import replace

    from vbqkit.propose import propose_rois

    slices = np.resize(np.arange(len(volume)), 18)
    stack = replace(volume, pixels=np.ascontiguousarray(volume.pixels[np.sort(slices)]))
    propose_rois(stack)
    began = time.process_time()
    propose_rois(stack)
    assert time.process_time() - began < 2.0
