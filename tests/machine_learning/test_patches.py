"""Patches of vertebrae, the people of the studies, and the networks in numpy."""

import shutil

import numpy as np
import pandas as pd
import pytest
import scipy.signal

from vbqkit.acquisition import Acquisition
from vbqkit.anatomy import LEVEL_OF_CODE, Phantom
from vbqkit.errors import ProposalError, RoiError
from vbqkit.image import Slice
from vbqkit.machine_learning import (
    INPUTS,
    PatchNetwork,
    body_masks,
    channels_of,
    cut_patch,
    feature_names,
    load_patch_network,
    patch_person,
    patch_study,
    radiomics_evaluations,
    radiomics_study,
)
from vbqkit.machine_learning.patch_network import WIDTHS
from vbqkit.machine_learning.study_people import FEATURES, _anyone
from vbqkit.machine_learning.study_table import DATA, write_study_table
from vbqkit.machine_learning.vertebra_patches import BRIGHT_PERCENTILE, PIXEL_MM, PIXELS, body_centers_mm


@pytest.fixture(scope="module")
def person():
    return patch_person(0)


def picture(pixels, mm=1.0):
    return Slice(pixels, (0, 0, 0), (0, 0, -mm), (0, mm, 0), acquisition=Acquisition(modality="MR", synthetic=True))


def block(level="L2"):
    """A body of 20 x 30 mm in a bottle of 60 x 60 mm, on a grid of 1 mm."""
    bottle = Phantom.uniform("marrow", shape=(3, 60, 60), spacing_mm=(2.0, 1.0, 1.0))
    codes = np.zeros(bottle.shape, dtype=np.uint8)
    codes[:, 20:40, 15:45] = LEVEL_OF_CODE.index(level)
    return Phantom(bottle.tissue, bottle.pdff, bottle.pd_scale, codes, bottle.affine)


def plane_of(phantom):
    a = phantom.affine
    return Slice(np.ones(phantom.shape[1:]), tuple((a @ (1, 0, 0, 1))[:3]), tuple(a[:3, 1]), tuple(a[:3, 2]))


def test_a_mask_is_the_true_body_without_its_margin():
    phantom = block()
    image = plane_of(phantom)
    whole, inner = (body_masks(phantom, image, margin_mm=mm)["L2"] for mm in (0.0, 2.0))
    assert np.array_equal(whole, phantom.level[1] > 0)
    expected = np.zeros_like(whole)
    expected[22:38, 17:43] = True
    assert np.array_equal(inner, expected)
    assert body_masks(block("S1"), image) == {}


def test_the_middle_of_a_body_is_its_center_of_mass():
    phantom = block()
    image = plane_of(phantom)
    expected = image.to_patient_mm(np.array([[29.5, 29.5]]))[0]
    assert body_centers_mm(phantom, image)["L2"] == pytest.approx(tuple(expected))


def test_a_patch_shows_what_lies_about_its_center():
    rows, cols = np.indices((60, 60), dtype=float)
    image = picture(100.0 + 2.0 * rows + cols)
    patch = cut_patch(image, (0.0, 30.0, -29.0), kind="CT") * 400.0
    reach = (np.arange(PIXELS) - (PIXELS - 1) / 2) * PIXEL_MM
    assert patch == pytest.approx(100.0 + 2.0 * (29.0 + reach[:, None]) + 30.0 + reach[None, :], abs=1e-3)


def test_the_gain_cancels_in_a_patch_of_mri_and_not_in_ct():
    pixels = np.random.default_rng(1).uniform(10, 200, (60, 60))
    at = (0.0, 30.0, -30.0)
    one, other = (cut_patch(picture(k * pixels), at, kind="MRI") for k in (1.0, 3.0))
    assert one == pytest.approx(other, abs=1e-6)
    assert one.max() <= pixels.max() / np.percentile(pixels, BRIGHT_PERCENTILE) + 1e-6
    assert (
        cut_patch(picture(3.0 * pixels), at, kind="CT").mean() > 2.9 * cut_patch(picture(pixels), at, kind="CT").mean()
    )


@pytest.mark.parametrize(
    ("pixels", "at", "kind", "words"),
    [
        (np.ones((60, 60)), (0.0, 5.0, -30.0), "MRI", "does not lie within the slice"),
        (np.ones((60, 60)), (0.0, 30.0, -30.0), "PET", "kind 'PET' is unknown"),
        (np.zeros((60, 60)), (0.0, 30.0, -30.0), "MRI", "no signal above 0"),
        (np.full((60, 60), np.nan), (0.0, 30.0, -30.0), "MRI", "not finite numbers"),
    ],
)
def test_a_patch_that_cannot_be_cut_is_refused(pixels, at, kind, words):
    with pytest.raises(RoiError, match=words):
        cut_patch(picture(pixels), at, kind=kind)


def test_a_person_has_four_vertebrae_on_two_machines_and_one_ct(person):
    assert person.here.shape == person.elsewhere.shape == (4, 3, PIXELS, PIXELS)
    ct, t1 = (np.corrcoef(person.here[:, k].ravel(), person.elsewhere[:, k].ravel())[0, 1] for k in (2, 0))
    assert ct > 0.97  # one scan, cut about middles that differ by less than a pixel
    assert t1 < ct
    middle = person.here[:, :, 12:20, 12:20].mean(axis=(2, 3))
    assert (middle[:, :2] > 0.2).all()  # marrow is bright on T1 and T2 beside CSF of T1 and discs
    assert (middle[:, 2] < 0.6).all()  # trabecular bone of 240 HU at most


def test_the_tables_are_of_the_people_that_the_code_draws(person):
    study, radiomics = patch_study(), radiomics_study()
    assert study.loc[study.person == "N001", "t_score"].iloc[0] == person.patient.t_score
    for number in (0, 100):
        patient = _anyone(number, np.random.default_rng([98, number]))
        row = radiomics[radiomics.person == f"P{number + 1:03d}"].iloc[0]
        assert (row.sex, row.qct_mg_cm3) == (patient.sex, patient.qct_mg_cm3)


@pytest.mark.slow
def test_the_table_holds_what_the_bodies_of_today_give(tmp_path):
    """Bodies that were changed need `make learning-tables`."""
    path = write_study_table(tmp_path / "two.csv", people=2)
    drawn, kept = pd.read_csv(path, comment="#"), radiomics_study()
    kept = kept[kept.person.isin(drawn.person)]
    names = feature_names("T1", "T2")
    assert drawn[["person", "scanner", "slice"]].equals(kept[["person", "scanner", "slice"]])
    assert drawn[names].to_numpy() == pytest.approx(kept[names].to_numpy(), rel=2e-3, abs=1e-6)


def test_the_studies_have_as_many_people_as_the_published_ones():
    radiomics, study = radiomics_study(), patch_study()
    people = radiomics.drop_duplicates("person")
    assert len(people) == 160
    assert (people.sex == "M").sum() == 53  # 52 in the study
    assert abs(people.age.mean() - 61.3) < 2
    assert study.person.nunique() == 220
    assert study.drop_duplicates("person").osteoporosis.sum() == 110
    assert set(feature_names("T1", "T2")) <= set(radiomics.columns)
    assert np.isfinite(radiomics[feature_names("T1", "T2")].to_numpy()).all()
    assert len(FEATURES) == 24
    assert study.groupby(["network", "split"]).size().eq(220).all()
    assert radiomics_evaluations()["n"].eq(160).all()


def test_the_files_are_small():
    assert sum(path.stat().st_size for path in DATA.glob("*.csv")) < 500_000
    assert (DATA / "radiomics_study.csv").stat().st_size < 300_000
    assert (DATA / "patch_networks.npz").stat().st_size < 200_000


def slowly(network, patch):
    """The network by scipy's correlation, pixel by pixel as the formula has it."""
    x = (patch - network.mean[:, None, None]) / network.sd[:, None, None]
    x = x.reshape(len(x), 16, 2, 16, 2).mean(axis=(2, 4))
    for n, (weights, biases) in enumerate(network.convolutions):
        x = np.array(
            [
                sum(scipy.signal.correlate2d(x[i], w[i], mode="same") for i in range(len(x))) + b
                for w, b in zip(weights, biases, strict=True)
            ]
        )
        x = np.maximum(x, 0)
        if n < 2:
            x = x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2).max(axis=(2, 4))
    return network.weights @ x.mean(axis=(1, 2)) + network.bias[0]


@pytest.mark.parametrize("name", INPUTS)
def test_a_network_says_what_its_formula_says(person, name):
    network, patches = load_patch_network(name), channels_of(person.here, name)
    assert network.channels == INPUTS[name]
    assert [w.shape[0] for w, _ in network.convolutions] == list(WIDTHS)
    found = network.log_odds(patches)
    assert found == pytest.approx([slowly(network, patch) for patch in patches], abs=1e-4)
    assert network.probability(patches) == pytest.approx(1 / (1 + np.exp(-found.mean())))


def test_a_network_refuses_what_it_was_not_made_for(person):
    network = load_patch_network("MRI")
    for patches in (person.here, person.here[0, :2], np.zeros((0, 2, PIXELS, PIXELS)), person.here[:, :2, :20]):
        with pytest.raises(RoiError, match=r"this network takes \(patches, 2, 32, 32\) with the channels T1, T2"):
            network.log_odds(patches)
    hole = channels_of(person.here, "MRI").copy()
    hole[1, 0, 3, 3] = np.nan
    with pytest.raises(RoiError, match="not finite numbers"):
        network.log_odds(hole)
    with pytest.raises(ProposalError, match=r"no network for 'PET'\. Choose from: MRI, CT, MRI and CT"):
        load_patch_network("PET")


def test_weights_that_were_changed_or_are_missing_are_refused(tmp_path):
    with pytest.raises(ProposalError, match="cannot be read from"):
        load_patch_network("CT", tmp_path / "nowhere")
    for name in ("patch_networks.npz", "patch_networks.json"):
        shutil.copy(DATA / name, tmp_path / name)
    changed = bytearray((tmp_path / "patch_networks.npz").read_bytes())
    changed[-200] ^= 1
    (tmp_path / "patch_networks.npz").write_bytes(bytes(changed))
    with pytest.raises(ProposalError, match="were changed"):
        load_patch_network("CT", tmp_path)


def test_a_network_is_a_value_of_arrays():
    network = load_patch_network("CT")
    assert isinstance(network, PatchNetwork)
    assert sum(w.size + b.size for w, b in network.convolutions) < 7_000
