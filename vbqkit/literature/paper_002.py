"""Review page 2026 recomputed: a review page that quotes three studies and gives no data of its own."""

from __future__ import annotations

from vbqkit.literature.ledger_row import Ledger, LedgerRow
from vbqkit.literature.printed import Range
from vbqkit.literature.recompute import whole_counts


def ledger_rows() -> list[LedgerRow]:
    """Every row of the ledger about Review page 2026."""
    ledger = Ledger("Review page 2026")
    lead = ledger.value("lead.accuracy")
    best = max(ledger.value("deep.mri"), ledger.value("deep.both"))
    ledger.claim(
        "Summary: accuracy of some studies",
        f"over {ledger.number('lead.accuracy').printed} %",
        f"up to {best:.2f} %",
        "largest accuracy quoted below it",
        holds=best > lead,
        numbers=("lead.accuracy",),
        inputs=("deep.mri", "deep.both"),
        note="both are from one study, and the other one it quotes reaches an AUC of 0.821",
    )
    n = int(ledger.value("deep.n"))
    fits = [(k[0], m) for m in range(2, n + 1) if (k := whole_counts(ledger["deep.both"], m))]
    count, size = fits[0]
    ledger.claim(
        "What the research says: accuracy of MRI and CT (%)",
        ledger.number("deep.both").printed,
        f"{count}/{size} = {100 * count / size:.2f} %"
        + ("" if whole_counts(ledger["deep.both"], n) else f"; no count out of {n}"),
        "whole counts among all patients or fewer (the size of the test set is not given)",
        holds=bool(fits),
        exact=False,
        numbers=("deep.both",),
        inputs=("deep.n",),
        note=f"not an accuracy among all {n} patients; the smallest test set that gives it has {size}. The abstract of the study "
        "(doi 10.4274/dir.2023.232116) says balanced accuracy, of five folds, which need not be a whole count, and has MRI of 120 "
        "patients and CT of 100; lesson 98 shows how such a number can come about",
    )
    j = ledger.value("meta.sensitivity") + ledger.value("meta.specificity") - 1
    ledger.claim(
        "What the research says: sensitivity and specificity of VBQ for later fracture",
        f"{ledger.number('meta.sensitivity').printed} and {ledger.number('meta.specificity').printed}",
        f"Youden index {j:.2f}, so an AUC of at most {0.5 + j - j * j / 2:.2f} if it is the best point",
        "Youden index and the bound that it sets on the AUC",
        holds=Range.of(j).low > 0,
        exact=False,
        inputs=("meta.sensitivity", "meta.specificity"),
        note="pooled over studies with their own cut-offs; no cut-off is given with them",
    )
    return ledger.rows
