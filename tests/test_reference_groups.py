"""Reference groups: the arithmetic against numpy, and a pair of women scanned on a virtual machine."""

import numpy as np
import pandas as pd
import pytest

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
