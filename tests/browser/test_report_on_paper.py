"""The report of a usual case, printed by a browser: one page of A4 and of Letter, in letters that can be read."""

import datetime as dt
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from vbqkit import read_rois, read_study
from vbqkit.report import case_report, write_report
from vbqkit.scores import ReferenceGroup

CASE = Path(__file__).parents[2] / "sample_data" / "case04"


def poppler(program, *arguments):
    if shutil.which(program) is None:
        assert not os.environ.get("CI"), f"{program} is missing; CI installs poppler-utils"
        pytest.skip("poppler-utils is not installed: the printed page was not read back")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def page_of_three_series(tmp_path_factory):
    """Three series, nine scores, ten cautions: what a full lumbar examination with a reference group gives."""
    group = ReferenceGroup(mean=47.6, sd=5.4, n=5, scanner="1.2 T open", source="paper 000")
    rois = read_rois(CASE / "reference_rois.vbqkit.json")
    who = {"reader": "AB", "code": "A17", "read_on": dt.date(2026, 11, 29)}
    report = case_report(read_study(CASE), rois, reference=group, n_draws=100, **who)
    assert len(report.cautions) == 11
    return report, write_report(report, tmp_path_factory.mktemp("report") / "case.html")


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_report_prints_on_one_page(browser, page_of_three_series, tmp_path, paper):
    report, path = page_of_three_series
    page = browser.new_page()
    page.goto(path.as_uri())
    page.evaluate("document.fonts.ready")
    printed = tmp_path / f"{paper}.pdf"
    page.pdf(path=str(printed), format=paper, print_background=True)
    page.close()
    assert re.search(r"Pages:\s+(\d+)", poppler("pdfinfo", printed))[1] == "1"
    said = re.sub(r"\s", "", poppler("pdftotext", "-raw", printed, "-"))
    for caution in report.cautions:
        assert caution.code in said
    for digest in report.digests:
        assert digest.sha256 in said
    assert "DejaVuSansCondensed" in poppler("pdffonts", printed), "the letters that the page brings along"
    xml = poppler("pdftohtml", "-xml", "-i", "-stdout", "-zoom", "3", printed)
    assert min(int(size) for size in re.findall(r'<fontspec id="\d+" size="(\d+)"', xml)) >= 3 * 7 - 1  # rounded down
