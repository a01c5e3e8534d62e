"""The published tables, as data frames: one row per observation, every row with its source."""

from __future__ import annotations

from importlib import resources

import pandas as pd


def read_table(name: str, *, text: bool = False) -> pd.DataFrame:
    """One of the CSV tables that travel with the package, as printed (nothing recomputed, nothing corrected).

    Parameters
    ----------
    name : str
        File name without ``.csv``, for example ``"kosice_patients"``.
    text : bool
        Keep every cell as text, an empty one as ``""``.

    Returns
    -------
    DataFrame
    """
    with (resources.files("vbqkit.literature") / "data" / f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype=str, keep_default_na=False) if text else pd.read_csv(file, dtype={"source": str})


def kosice_patients() -> pd.DataFrame:
    """The five women with osteoporosis of the Košice group 2025, Table 2, as printed.

    A higher ``snr`` and ``m_score`` mean more marrow fat, poorer bone; ``bmd_g_cm2``, ``t_score``, ``tbs`` and
    ``z_score`` run the other way. Hitachi 1.2 T, T1 spin echo, TR 700 ms, TE 12 ms; DEXA by Hologic Discovery A.

    Returns
    -------
    DataFrame
        patient, age_years, bmd_g_cm2 (g/cm²), t_score, tbs, z_score, snr (mean of L1-L4), m_score. Five rows.

    References
    ----------
    Clin Osteol 2025;30(1):36-40, Table 2.

    Examples
    --------
    >>> kosice_patients()[["patient", "snr", "t_score"]].head(2)
       patient     snr  t_score
    0        1  77.491     -2.6
    1        2  63.363     -2.7
    """
    return read_table("paper_000_patients")


def kosice_levels() -> pd.DataFrame:
    """SNR of each vertebra of the five women of the Košice group 2025, Table 1, as printed.

    Returns
    -------
    DataFrame
        patient, L1, L2, L3, L4 (SNR, dimensionless). Five rows.

    References
    ----------
    Clin Osteol 2025;30(1):36-40, Table 1.

    Examples
    --------
    >>> kosice_levels()["L3"].tolist()
    [85.9, 67.5, 85.8, 74.1, 69.9]
    """
    return read_table("paper_000_levels")


def kosice_reference() -> pd.DataFrame:
    """Mean SNR of each vertebra in the Košice group's five young women (23 ± 2 years): the reference of its M-score.

    The paper does not print the reference SD that its M-scores were divided by; ``vbqkit ledger`` works out which SD
    they imply.

    Returns
    -------
    DataFrame
        group, n, L1, L2, L3, L4 (mean SNR, dimensionless). One row.

    References
    ----------
    Clin Osteol 2025;30(1):36-40, Table 1.

    Examples
    --------
    >>> float(kosice_reference()[["L1", "L2", "L3", "L4"]].mean(axis=1).iloc[0])
    47.625
    """
    return read_table("paper_000_reference")


def published_sources() -> pd.DataFrame:
    """Where every number of the literature tables comes from, and how it is known.

    Returns
    -------
    DataFrame
        source (the name used in the other tables), authors, year, title, journal, doi, known_from (full text, abstract,
        or quoted in another paper), note. One row per publication; an empty doi was not found.
    """
    return read_table("sources").fillna({"doi": "", "note": "", "journal": ""})


def published_groups() -> pd.DataFrame:
    """Group means as printed, each with its setting; norms of healthy people among them.

    ``VBQ`` and ``SNR`` are higher with more marrow fat, T-score and BMD lower; compare values of one setting only.

    Returns
    -------
    DataFrame
        source, quantity, group, n, mean, sd, unit, field_t, vendor, tr_ms, te_ms, population, place, doi, known_from,
        note.

    Examples
    --------
    >>> groups = published_groups()
    >>> vbq = groups[groups["source"].str.startswith("Vertebral bone quality")]
    >>> vbq[["field_t", "mean", "sd"]].values.tolist()
    [[1.5, 2.769, 0.494], [3.0, 2.199, 0.432]]
    """
    return _with_text(read_table("published_groups"), "vendor", "population", "doi", "note")


def published_correlations() -> pd.DataFrame:
    """Correlations of MRI scores with bone measures, as printed.

    Returns
    -------
    DataFrame
        source, x, y, group, n, method, r, p (text, as printed), field_t, vendor, tr_ms, te_ms, place, doi, known_from,
        note.
    """
    return _with_text(read_table("published_correlations"), "group", "p", "vendor", "doi", "note")


def published_thresholds() -> pd.DataFrame:
    """Cut-offs as printed, each with its setting. None of them is a default: see `thresholds_for`.

    Returns
    -------
    DataFrame
        source, score, target (what a positive score points to), reference_standard, positive ("high" or "low" scores),
        threshold (missing where accuracy is printed without one), sensitivity, specificity, auc, auc_low, auc_high, n,
        field_t, vendor, tr_ms, te_ms, population, place, doi, known_from, note.
    """
    return _with_text(read_table("published_thresholds"), "vendor", "population", "doi", "note")


def _with_text(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """An empty cell of a text column is an empty text, not a missing number."""
    return table.assign(**{column: table[column].fillna("").astype(str) for column in columns})
