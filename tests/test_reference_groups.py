"""Reference groups: the arithmetic against numpy, and a pair of women scanned on a virtual machine."""

import numpy as np
import pandas as pd
import pytest

from vbqkit import reference_groups
from vbqkit.anatomy import make_phantom
from vbqkit.anatomy.own_times import TABLE_TIMES
from vbqkit.errors import TableError
from vbqkit.reference_groups import reference_group, scan_reference_group
from vbqkit.scanner.presets import scanner_named


def test_a_group_is_mean_and_sample_sd_of_its_own_scanner():
    women = pd.DataFrame({"scanner": ["A"] * 4 + ["B"] * 2, "snr": [40.0, 44.0, 52.0, np.nan, 1.0, 2.0]})
    group = reference_group(women, "A")
    assert (group.mean, group.n) == (pytest.approx(np.mean([40, 44, 52])), 3)
    assert group.sd == pytest.approx(np.std([40, 44, 52], ddof=1))


def test_what_is_no_group_says_why():
    with pytest.raises(TableError, match="no column snr"):
        reference_group(pd.DataFrame({"scanner": ["A"]}), "A")
    with pytest.raises(TableError, match=r"0 women with an SNR on scanner 'C'.*A \(n = 2\)"):
        reference_group(pd.DataFrame({"scanner": ["A", "A"], "snr": [1.0, 2.0]}), "C")


@pytest.mark.slow
def test_young_women_are_scanned_and_the_noisier_machine_gives_them_a_lower_snr():
    groups = {}
    for name in ("generic-1.5t", "hitachi-1.2t"):
        told = []
        women = scan_reference_group(
            scanner_named(name), n=2, rng=np.random.default_rng(5), progress=lambda *a, told=told: told.append(a)
        )
        assert told == [(1, 2), (2, 2)]
        assert women["age_years"].between(20, 30).all()
        groups[name] = reference_group(women, name)
    assert groups["hitachi-1.2t"].mean < groups["generic-1.5t"].mean


@pytest.mark.slow
@pytest.mark.parametrize("as_in_practice", [True, False])
def test_a_reader_measures_in_practice_and_the_reference_rois_otherwise(as_in_practice, monkeypatch):
    bodies, read = [], []

    def kept(*args, **options):
        bodies.append(make_phantom(*args, **options))
        return bodies[-1]

    def seen(t1, rois):
        read.append(({roi.label: roi for roi in rois}, t1))
        return snr_of(t1, rois)

    snr_of = reference_groups._snr
    monkeypatch.setattr("vbqkit.reference_groups.make_phantom", kept)
    monkeypatch.setattr("vbqkit.reference_groups._snr", seen)
    scan_reference_group(
        scanner_named("hitachi-1.2t"), n=2, rng=np.random.default_rng(6), as_in_practice=as_in_practice
    )
    for body, (rois, t1) in zip(bodies, read, strict=True):
        reference = {roi.label: roi for roi in body.reference_rois}
        moved = [np.linalg.norm(np.subtract(rois[k].center_mm, reference[k].center_mm)[1:]) for k in ("L1", "L2", "L3")]
        own = body.patient.own_times != TABLE_TIMES
        middle = t1.slice(1).origin_mm[0]
        assert (max(moved) > 0.5, own) == (as_in_practice, as_in_practice)
        # the ROIs lie on the middle one of the three slices that were scanned
        assert abs(rois["L3"].center_mm[0] - middle) < (0.01 if as_in_practice else 2.6)
