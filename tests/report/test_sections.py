"""What else a report says: in HTML and PDF, without words that lead to the patient."""

from dataclasses import replace

import pydicom

from tests.report.conftest import DAY, N_DRAWS, ROIS
from tests.report.test_case_report import poppler
from vbqkit import read_rois, read_study
from vbqkit.report import ReportSection, case_report, write_report
from vbqkit.report.html_report import report_html

SAID = ReportSection("Second reading", ("VBQ-T1: 3.1 (first), 2.9 (second) <never averaged>.",))


def test_a_section_is_in_html_and_pdf(report, tmp_path):
    made = replace(report, sections=(SAID,))
    assert "<h2>Second reading</h2><ul><li>VBQ-T1: 3.1 (first), 2.9 (second) &lt;never averaged&gt;." in report_html(
        made
    )
    text = " ".join(poppler("pdftotext", write_report(made, tmp_path / "case.pdf"), "-").split())
    assert "Second reading" in text
    assert SAID.lines[0] in text


def test_a_section_names_no_patient(t1_study):
    for path in t1_study.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.PatientName = "ZWIRNOVSKA^OLGA"
        dataset.save_as(path)
    study = read_study(t1_study)
    told = ReportSection("Earlier study", ("The scan of ZWIRNOVSKA was read.",))
    made = case_report(
        study, read_rois(ROIS), reader="AB", read_on=DAY, n_draws=N_DRAWS, sections=[told], aggregate="mean"
    )
    assert made.sections[0].lines[0].startswith("The scan of ")
    assert "zwirnovska" not in report_html(made).casefold()
