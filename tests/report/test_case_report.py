"""The report of a case: the digits of score_case, every caution, nobody's identity, whole files or none."""

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pydicom
import pytest

from tests.report.conftest import CASE, DAY, N_DRAWS, REFERENCE, ROIS
from vbqkit import read_rois, read_study
from vbqkit.cli import main
from vbqkit.errors import Caution, FormatError, VbqkitError
from vbqkit.literature import thresholds_for
from vbqkit.report import case_report, write_report
from vbqkit.report.html_report import report_html
from vbqkit.report.private_words import PrivateWords
from vbqkit.report.words import caution_lines, measured, protocol_findings
from vbqkit.scores import Refusal, Score, case_uncertainty, score_case, score_value


def poppler(program, *arguments):
    """What a PDF reader that nobody here wrote says; CI has it."""
    if shutil.which(program) is None:
        assert not os.environ.get("CI"), f"{program} is missing; CI installs poppler-utils"
        pytest.skip("poppler-utils (pdftotext, pdfinfo, pdffonts) is not installed: the PDF was not read back")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


class Text(HTMLParser):
    """The words of a page, and what it would load."""

    def __init__(self, page):
        super().__init__()
        self.words, self.loads = [], []
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_data(self, data):
        self.words.append(data)

    def handle_starttag(self, tag, attrs):
        self.loads += [value for name, value in attrs if name in ("src", "href", "data", "action") and value]


def without_pictures(path):
    """A page without its pictures and fonts."""
    return re.sub(r"base64,[A-Za-z0-9+/=]+", "", path.read_text(encoding="utf-8"))


def test_the_numbers_are_those_of_score_case_and_its_intervals_to_the_last_bit(study, report):
    import numpy as np

    from vbqkit.scores import Jitter

    volumes = {"T1": study.find("T1").volume()}
    drawn = read_rois(ROIS)
    case = score_case(volumes, drawn, aggregate="both", reference=REFERENCE)
    jitter = Jitter(shift_mm=1.0, size_percent=0.0)
    sure = case_uncertainty(
        volumes,
        drawn,
        aggregate="both",
        reference=REFERENCE,
        jitter=jitter,
        rng=np.random.default_rng(0),
        n_draws=N_DRAWS,
    )
    assert [one.result for one in report.scores] == list(case.results)
    known = {one.score.key: (one.ci_low, one.ci_high) for one in sure if one.missing is None}
    assert {one.result.key: one.limits for one in report.scores if one.limits} == known


def test_every_caution_of_every_score_is_in_the_list_and_on_the_page(report):
    page = Text(report_html(report)).text
    for one in report.scores:
        codes = {report.cautions[number - 1].code for number in one.cautions}
        assert {caution.code for caution in one.result.cautions} <= codes
    for number, caution in enumerate(report.cautions, start=1):
        whole = f"[{number}] {caution.code}: {caution.message}"
        quoted = [(n, c.message) for n, c in enumerate(report.cautions, start=1) if c.message in caution.message]
        shorter = [whole.removesuffix(message) + f"See [{n}]." for n, message in quoted if n != number]
        assert any(text in page for text in (whole, *shorter)), "a caution is whole, or names the one that it quotes"
        assert len(shorter) <= 1


def test_each_verdict_is_that_of_the_interval_on_the_published_cut_off(study, report):
    a = study.find("T1").acquisition
    for one in report.scores:
        if isinstance(one.result, Score) and one.result.name == "VBQ-T1":
            low, high = one.limits
            table = thresholds_for(
                "VBQ-T1",
                field_t=a.field_t,
                vendor=a.vendor,
                tr_ms=a.tr_ms,
                te_ms=a.te_ms,
                value=one.result.value,
                value_low=low,
                value_high=high,
            )
            assert [c.verdict for c in one.cutoffs] == table["verdict"].tolist()
            assert [c.source for c in one.cutoffs] == table["source"].tolist()
    assert any("of 16 published cut-offs" in text for text in (one.verdicts for one in report.scores))


def test_a_score_without_interval_is_indeterminate_by_every_paper(report):
    [m_score] = [one for one in report.scores if one.result.name == "M-score"]
    assert m_score.limits is None
    assert {cutoff.verdict for cutoff in m_score.cutoffs} == {"indeterminate"}


def test_the_page_says_who_when_what_it_is_not_and_loads_nothing(report):
    page = Text(report_html(report))
    for words in (
        "Čeňková",
        "2026-11-29",
        "A17",
        "no diagnosis",
        "SYNTHETIC",
        "Nearest setting first",
        "VBQ-T1 (median)",
    ):
        assert words in page.text
    assert [value for value in page.loads if not value.startswith("data:")] == []
    assert "default-src 'none'" in report_html(report)


def test_a_reader_s_name_is_text_and_never_markup(report):
    page = report_html(replace(report, reader="<script>alert(1)</script>"))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_digests_are_those_that_sha256sum_prints(report):
    digests = {one.what: one for one in report.digests}
    command = f"cd '{CASE / 'T1'}' && sha256sum * | cut -c1-64 | sort | sha256sum"
    printed = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout[:64]
    assert digests["T1 series"].sha256 == printed
    assert digests["T1 series"].count == 11
    assert digests["ROI file"].sha256 == hashlib.sha256(ROIS.read_bytes()).hexdigest()


def planted(folder, **values):
    for path in folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        for keyword, value in values.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)


def test_no_identity_is_in_any_file_unless_it_is_asked_for(tmp_path, t1_study):
    folder = tmp_path / "NOVAKOVA_JANA_1950"
    t1_study.rename(folder)
    planted(
        folder,
        PatientName="NOVAKOVA^JANA",
        PatientID="5052316789",
        PatientBirthDate="19500202",
        StudyDate="20030305",
        SeriesDescription="T2 sag Novakova Jana",
    )
    rois = folder / "Novakova.json"
    rois.write_bytes(ROIS.read_bytes())
    planted_words = ("novak", "jana", "5052316789", "1950", "2003", str(tmp_path).casefold())
    study = read_study(folder)
    options = {"reader": "AB", "volumes": {"T1": study.series[0].volume()}, "aggregate": "median", "n_draws": N_DRAWS}
    made = case_report(study, read_rois(rois), **options)
    out = [write_report(made, tmp_path / name) for name in ("plain.html", "plain.pdf")]
    page = Text(out[0].read_text(encoding="utf-8"))
    for text in (without_pictures(out[0]).casefold(), page.text):
        for word in planted_words:
            assert word not in text.casefold(), word
    assert "weighting-disagrees" in page.text
    assert "***" in page.text, "words of the description that no protocol uses are masked"
    page = Text(report_html(case_report(study, read_rois(rois), identity=True, **options))).text
    for words in ("NOVAKOVA^JANA", "5052316789", "1950-02-02", "2003-03-05"):
        assert words in page
    said = poppler("pdftotext", "-layout", out[1], "-")
    facts = re.sub(r"^(CreationDate|ModDate):.*$", "", poppler("pdfinfo", out[1]), flags=re.MULTILINE)
    for word in planted_words:
        assert word not in (said + facts).casefold(), word


def test_a_picture_whose_pixels_name_the_patient_is_left_out_unless_identity_is_asked_for(t1_study, tmp_path):
    planted(t1_study, BurnedInAnnotation="YES")
    study = read_study(t1_study)
    options = {"reader": "AB", "volumes": {"T1": study.series[0].volume()}, "aggregate": "median", "n_draws": N_DRAWS}
    made = case_report(study, read_rois(ROIS), **options)
    assert made.image is None
    assert "burned-in-text" in [caution.code for caution in made.cautions]
    page = report_html(made)
    assert "<img" not in page
    assert "No picture" in page
    without_highdicom = sys.version_info >= (3, 14) and find_spec("highdicom") is None  # it has no wheels there
    with pytest.raises(
        FormatError, match="cannot be installed on Python 3.14" if without_highdicom else "no key image"
    ):
        write_report(made, tmp_path / "x.sc.dcm")
    assert case_report(study, read_rois(ROIS), identity=True, **options).image is not None


def test_private_words_go_with_their_paths_and_uids_and_leave_the_rest():
    private = PrivateWords.of([], ["/data/NOVAK^JAN/1.dcm"], ["NOVAK^JAN"])
    text = "/data/NOVAK^JAN/1.dcm breaks off; C:\\scans\\Novak\\2.dcm; Jan; 1.2.840.10008.5.1.4; TR 500 ms; a/b"
    assert private.taken_from(text) == ("[left out] breaks off; [left out]; Jan; [left out]; TR 500 ms; a/b"), (
        "'JAN' as it is written in the header is left out, the month stays"
    )


@pytest.mark.parametrize("reader", ["", "  ", "x" * 81, "A\nB", "\x1b[31m"])
def test_a_report_needs_a_reader(study, reader):
    with pytest.raises(FormatError, match="reader"):
        case_report(study, read_rois(ROIS), reader=reader)


def test_every_series_refused_gives_a_report_that_says_why(t1_study, tmp_path, capsys):
    planted(t1_study, ContrastBolusAgent="Gadovist")
    out = tmp_path / "case.html"
    assert main(["report", str(t1_study), "--rois", str(ROIS), "--reader", "AB", "--out", str(out)]) == 1
    assert "contrast agent given (Gadovist)" in capsys.readouterr().out
    page = Text(out.read_text(encoding="utf-8")).text
    assert "No score is given." in page
    assert "contrast agent given (Gadovist)" in page
    assert "✕ refused" in page
    pdf = tmp_path / "case.pdf"
    assert main(["report", str(t1_study), "--rois", str(ROIS), "--reader", "AB", "--out", str(pdf)]) == 1
    assert pdf.read_bytes().startswith(b"%PDF")


def test_an_overruled_score_says_so_at_the_top_of_the_page(t1_study):
    planted(t1_study, ContrastBolusAgent="Gadovist")
    study = read_study(t1_study)
    volumes = {"T1": study.series[0].volume()}
    made = case_report(
        study,
        read_rois(ROIS),
        reader="AB",
        volumes=volumes,
        aggregate="median",
        overrule="agent given after this series",
    )
    page = Text(report_html(made)).text
    assert page.index("OVERRULED.") < page.index("VBQ-T1 (median)")
    assert "agent given after this series" in page


def test_exclusions_name_the_rule_of_the_paper(study):
    volumes = {"T1": study.find("T1").volume()}
    options = {"aggregate": "median", "rule": "leave out", "excluded": {"L2": "fracture"}}
    made = case_report(study, read_rois(ROIS), reader="AB", volumes=volumes, n_draws=N_DRAWS, **options)
    assert len(made.exclusions) == 1
    assert "L2 was left out (fracture)" in made.exclusions[0]
    assert "Chen 2023" in made.exclusions[0]
    assert made.exclusions[0] in Text(report_html(made)).text


def test_rois_of_another_examination_are_refused(study, tmp_path):
    content = json.loads(ROIS.read_text(encoding="utf-8"))
    content["frame_of_reference_uid"] = "1.2.3"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(FormatError, match="another frame of reference"):
        case_report(study, read_rois(other), reader="AB")


def test_the_origin_of_each_roi_is_shown_where_the_file_says_it(report):
    rois = tuple(replace(roi, origin="corrected" if roi.label == "L3" else "placed") for roi in report.rois)
    page = Text(report_html(replace(report, rois=rois))).text
    assert "origin" in page
    assert "L3 corrected" in page
    unsaid = replace(report, rois=tuple(replace(roi, origin="") for roi in report.rois))
    assert "does not say how they were placed" in Text(report_html(unsaid)).text


def test_a_light_that_repeats_a_caution_refers_to_its_number(report):
    said = {text.split(",")[0].lstrip("! "): text for text in protocol_findings(report)}
    for topic, codes in (
        ("uniformity correction", ["reconstruction-uniformity"]),
        ("air and masked background", ["noise-disagrees", "noise-unlike-tissue"]),  # two cautions in one light
    ):
        numbers = [int(number) for number in re.findall(r"\[(\d+)\]", said[topic])]
        assert [report.cautions[number - 1].code for number in numbers] == codes
        assert not any(report.cautions[number - 1].message in said[topic] for number in numbers)


def test_an_existing_file_stays_unless_it_may_be_replaced(report, tmp_path):
    path = tmp_path / "Příliš žluťoučký 'kůň' (1).html"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(FormatError, match="exists already"):
        write_report(report, path)
    assert path.read_text(encoding="utf-8") == "mine"
    write_report(report, path, overwrite=True)
    assert "Čeňková" in path.read_text(encoding="utf-8")
    assert sorted(tmp_path.iterdir()) == [path], "nothing half written stays"


def test_a_file_that_another_program_puts_there_meanwhile_stays(report, tmp_path, monkeypatch):
    path = tmp_path / "case.html"
    monkeypatch.setattr("vbqkit.report.writing.check_target", lambda target, **_: Path(target))
    path.write_text("theirs", encoding="utf-8")
    with pytest.raises(FormatError, match="exists already"):
        write_report(report, path)
    assert path.read_text(encoding="utf-8") == "theirs"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("case.docx", "ending is not known"),
        ("no/folder/case.html", "no folder"),
        ("x" * 300 + ".html", "no possible name"),
        ("a\0b.html", "embedded null"),
    ],
)
def test_a_name_that_cannot_be_written_is_refused_in_words(report, tmp_path, name, said):
    with pytest.raises(FormatError, match=said):
        write_report(report, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind(report, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FormatError, match="No space left"):
        write_report(report, tmp_path / "case.html")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written_to_is_refused_in_words(report):
    target = Path("/proc/case.html")
    if not target.parent.is_dir():
        pytest.skip("there is no /proc, the one folder that even root cannot write to")
    with pytest.raises(FormatError, match="cannot be written"):
        write_report(report, target)


def test_the_pdf_has_selectable_text_embedded_fonts_and_one_page(report, tmp_path):
    path = write_report(report, tmp_path / "case.pdf")
    said = poppler("pdftotext", "-layout", path, "-")
    [low, high] = next(one.limits for one in report.scores if one.result.key == "VBQ-T1 (median)")
    interval = f"{low:.4g} to {high:.4g}"
    images = {"T1": read_study(CASE).find("T1").volume()}
    value = score_value(images, read_rois(ROIS), "VBQ-T1", aggregate="median")
    for words in (
        "Čeňková",
        "A17",
        "2026-11-29",
        f"{value:.4g}",
        interval,
        "SYNTHETIC",
        "no diagnosis",
        "noise-disagrees",
    ):
        assert words in said
    for caution in report.cautions:
        assert caution.code in said
    for digest in report.digests:
        assert digest.sha256 in said
    fonts = poppler("pdffonts", path).splitlines()[2:]
    assert fonts
    assert all("DejaVu" in line and line.split()[-5] == "yes" for line in fonts), "fonts are embedded"
    assert pages(path) == 1
    assert "page 1 of 1" in said


def pages(path):
    return int(re.search(r"Pages:\s+(\d+)", poppler("pdfinfo", path))[1])


def squeezed(text):
    """Without spaces and what stands at the foot of a page."""
    return re.sub(r"MarrowscoresfromlumbarMRI,A17·SYNTHETIC·nodiagnosis|page\dof\d", "", re.sub(r"\s", "", text))


def usual(report, n_cautions):
    """A full lumbar examination with as many cautions as are asked for."""
    long = "The SD of air differs from place to place by more than chance allows, so SNR and all that is made of it is "
    more = [Caution(f"planted-{n}", f"{long} doubtful in place number {n}. Use VBQ.") for n in range(n_cautions)]
    return replace(report, cautions=(*report.cautions, *more)[:n_cautions])


def test_a_usual_case_fits_one_page_within_letter_paper_in_letters_of_7_points(three_series, tmp_path):
    made = usual(three_series, 12)
    path = write_report(made, tmp_path / "case.pdf")
    assert pages(path) == 1
    said = squeezed(poppler("pdftotext", "-raw", path, "-"))
    for line in (*caution_lines(made), *measured(made), *(d.sha256 for d in made.digests), *protocol_findings(made)):
        assert squeezed(line) in said
    xml = poppler("pdftohtml", "-xml", "-i", "-stdout", "-zoom", "3", path)  # thirds of a point
    assert min(int(size) for size in re.findall(r'<fontspec id="\d+" size="(\d+)"', xml)) >= 3 * 7
    boxes = re.findall(r'<text top="(\d+)" left="(\d+)" width="(\d+)" height="(\d+)"', xml)
    top, left, width, height = (list(map(int, column)) for column in zip(*boxes, strict=True))
    shorter = 3 * (841.89 - 792.0) / 2  # what Letter paper lacks of A4, at the top and at the bottom
    margin = 3 * 12  # no printer needs more
    assert min(top) > shorter + margin
    assert max(t + h for t, h in zip(top, height, strict=True)) < 3 * 841.89 - shorter - margin
    assert min(left) > margin
    assert max(x + w for x, w in zip(left, width, strict=True)) < 3 * 595.28 - margin


def test_a_long_case_flows_onto_numbered_pages_and_loses_nothing(three_series, tmp_path):
    made = usual(three_series, 40)
    path = write_report(made, tmp_path / "case.pdf")
    assert pages(path) == 2
    text = poppler("pdftotext", "-raw", path, "-")
    assert "page 1 of 2" in text
    assert "page 2 of 2" in text
    for line in (*caution_lines(made), *measured(made), *(d.sha256 for d in made.digests)):
        assert squeezed(line) in squeezed(text)


def test_a_letter_that_the_pdf_has_not_is_refused_and_html_has_it(report, tmp_path):
    chinese = replace(report, reader="王芳")
    with pytest.raises(FormatError, match="has no letter '王'"):
        write_report(chinese, tmp_path / "case.pdf")
    assert "王芳" in write_report(chinese, tmp_path / "case.html").read_text(encoding="utf-8")


@pytest.mark.slow  # lays the pages out twice
def test_a_refusal_longer_than_a_page_is_printed_whole(report, tmp_path):
    endless = Refusal("VBQ-T1", "because " + "of this and that " * 500 + "THE END")
    scores = (replace(report.scores[0], result=endless, interval=None, cutoffs=()),)
    path = write_report(replace(report, scores=scores), tmp_path / "case.pdf")
    said = poppler("pdftotext", path, "-")
    assert "THE END" in said


def test_the_command_refuses_to_write_nothing_and_a_date_that_is_none(capsys):
    base = ["report", str(CASE), "--rois", str(ROIS), "--reader", "AB"]
    assert main(base) == 1
    assert "Nothing to write was named" in capsys.readouterr().err
    assert main([*base, "--out", "x.html", "--date", "yesterday"]) == 1
    assert "is no date" in capsys.readouterr().err


def test_rows_hold_value_interval_reader_and_date(report):
    row = next(row for row in report.rows() if row["score"] == "VBQ-T1")
    assert (row["reader"], row["read_on"], row["code"]) == ("Čeňková", DAY.isoformat(), "A17")
    assert row["ci_low"] < row["value"] < row["ci_high"]


def test_today_is_the_date_of_a_reading_that_states_none(study):
    volumes = {"T1": study.find("T1").volume()}
    made = case_report(study, read_rois(ROIS), reader="AB", volumes=volumes, aggregate="median", n_draws=N_DRAWS)
    assert abs(made.read_on - dt.datetime.now().astimezone().date()) <= dt.timedelta(days=1)


def test_two_series_of_one_weighting_are_not_chosen_between(study):
    double = replace(study, series=(*study.series, study.find("T1")))
    with pytest.raises(VbqkitError, match="2 scorable sagittal T1 series"):
        case_report(double, read_rois(ROIS), reader="AB")
