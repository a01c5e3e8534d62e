from __future__ import annotations

import datetime as dt
import re
import zipfile

import openpyxl
import pandas as pd
import pytest

from vbqkit.cohort import check_cohort, cohort_columns, describe_cohort, make_cohort_template, read_cohort
from vbqkit.cohort.identity import identifies, identity_in
from vbqkit.errors import TableError


@pytest.fixture
def csv_file(tmp_path):
    def write(text, name="cohort.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def workbook(tmp_path):
    def write(*rows, **more_sheets):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        for title, page in more_sheets.items():
            sheet = book.create_sheet(title)
            for row in page:
                sheet.append(row)
        path = tmp_path / "cohort.xlsx"
        book.save(path)
        return path

    return write


def problems(path, **options):
    return [
        (None if pd.isna(r.row) else r.row, r.column, r.problem) for r in check_cohort(path, **options).itertuples()
    ]


def test_every_problem_of_a_file_is_told_at_once_by_row_and_column(csv_file):
    path = csv_file(
        "id,age,sex,BMD,T-score,fracture\nA1,61,F,763,-2.6,1\nA1,61,female,0.75,-27,maybe\n,161,2,0.8 g/cm2,<-2.5,no\n"
    )
    with pytest.raises(TableError) as error:
        read_cohort(path)
    message = str(error.value)
    for expected in (
        "'cohort.csv' has 9 problems; correct them in the file",
        "row 2, BMD: 763 g/cm² is outside 0.2 to 2.5 g/cm². It looks like mg/cm2",
        "row 3, T-score: -27 SD of young adults is outside -8 to 8",
        "row 3, fracture: 'maybe' is not yes or no",
        "row 3, id: 'A1' is in row 2 too",
        "row 4, age: 161 years is outside 0 to 120 years",
        "row 4, sex: '2' is not F or M",
        "row 4, BMD: '0.8 g/cm2' is more than a number",
        "row 4, T-score: '<-2.5' is a bound, not a value",
        "row 4, id: is empty",
    ):
        assert expected in message
    assert len(check_cohort(path)) == 9


def test_a_long_list_is_cut_in_the_message_and_whole_in_the_table(csv_file):
    path = csv_file("id,bmd\n" + "".join(f"A{i},999\n" for i in range(250)))
    with pytest.raises(TableError, match=r"has 250 problems[\s\S]*and 50 more: check_cohort\(path\) lists them all"):
        read_cohort(path)
    assert len(check_cohort(path)) == 250


def test_a_table_as_central_european_excel_writes_it_is_read(csv_file):
    path = csv_file(
        "Pacient;Vek;Pohlavie;T-skóre;TBS;Zlomenina\r\nP1;52;žena;−2,6;1,249;áno\r\nP2;53;muž;-2,7;;nie\r\n",
        encoding="utf-8-sig",
    )
    cohort = read_cohort(path)
    assert cohort.table.to_dict("list") == {
        "id": ["P1", "P2"],
        "age_years": [52.0, 53.0],
        "sex": ["F", "M"],
        "t_score": [-2.6, -2.7],
        "tbs": [1.249, pytest.approx(float("nan"), nan_ok=True)],
        "fracture": [True, False],
    }
    assert [c.code for c in cohort.cautions] == ["decimal-comma"]
    assert cohort.headings["t_score"] == "T-skóre"


def test_a_faulty_cell_with_a_point_does_not_turn_the_decimal_commas_into_faults(csv_file):
    assert problems(csv_file("id;bmd;tbs\nA;0,763;2. May\n")) == [
        (2, "tbs", "the spreadsheet turned it into a date ('2. May')")
    ]
    assert problems(csv_file("id;bmd;tbs\nA;02-Mai;May-02\nB;2 mm;marrow\n")) == [
        (2, "bmd", "the spreadsheet turned it into a date ('02-Mai')"),
        (3, "bmd", "'2 mm' is more than a number"),
        (2, "tbs", "the spreadsheet turned it into a date ('May-02')"),
        (3, "tbs", "'marrow' is not a number"),
    ]


def test_two_decimal_marks_in_one_file_are_a_problem_unless_one_is_named(csv_file):
    path = csv_file("id;bmd;tbs\nA;0.763;1,249\n")
    assert problems(path) == [(2, "tbs", "'1,249' has a decimal comma, other cells have a point")]
    assert read_cohort(path, decimal=",").table.loc[0, "tbs"] == 1.249
    with pytest.raises(TableError, match=r"decimal is ';'; '\.' or ',' was expected"):
        read_cohort(path, decimal=";")


@pytest.mark.parametrize(
    ("heading", "cell", "column", "value"),
    [
        ("BMD (mg/cm2)", "763", "bmd_g_cm2", 0.763),
        ("BMD [g/cm²]", "0.763", "bmd_g_cm2", 0.763),
        ("QCT BMD (g/cm3)", "0.081", "qct_mg_cm3", 81.0),
        ("vBMD (mg/ml)", "81", "qct_mg_cm3", 81.0),
        ("L1-L4 T-score (SD)", "-2.6", "t_score", -2.6),
        ("VBQ T1W", "2.9", "vbq_t1", 2.9),
    ],
)
def test_headings_are_recognised_and_units_converted(csv_file, heading, cell, column, value):
    assert read_cohort(csv_file(f"id,{heading}\nA,{cell}\n")).table.loc[0, column] == pytest.approx(value, rel=1e-12)


def test_a_conversion_is_said(csv_file):
    (caution,) = read_cohort(csv_file("id,BMD (mg/cm2)\nA,763\n")).cautions
    assert str(caution) == "unit-converted: Column 'BMD (mg/cm2)' was multiplied by 0.001 to get g/cm²."


def test_a_cohort_shows_itself_with_what_was_converted_and_is_described_as_it_is(csv_file):
    cohort = read_cohort(csv_file("id,age,BMD (mg/cm2),<b>\nA1,61,763,x\nA2,70,801,y\nA3,66,,x\n"))
    assert repr(cohort).splitlines()[0] == "<Cohort of 3 rows from 'cohort.csv': id, age_years, bmd_g_cm2, <b>>"
    assert "Column 'BMD (mg/cm2)' was multiplied by 0.001" in repr(cohort)
    html = cohort._repr_html_()
    assert "<li>Column &#x27;BMD (mg/cm2)&#x27; was multiplied by 0.001" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    pd.testing.assert_frame_equal(describe_cohort(cohort).rows, describe_cohort(cohort.table).rows)


def test_an_unknown_unit_is_a_problem(csv_file):
    assert problems(csv_file("id,BMD (stone)\nA,1\n")) == [
        (1, "BMD (stone)", "is in 'stone', which is not a known unit of BMD, lumbar spine, DEXA")
    ]


def test_vbq_without_its_weighting_is_a_problem(csv_file):
    assert (1, "VBQ", "does not say on which weighting") in problems(csv_file("id,VBQ\nA,2.9\n"))


def test_two_headings_for_one_column_are_a_problem_and_a_mapping_ends_it(csv_file):
    path = csv_file("id,T-score,lumbar T-score\nA,-2,-3\n")
    assert problems(path)[0] == (1, "lumbar T-score", "means 't_score', and so does 'T-score'")


def test_a_heading_can_be_named_by_hand(csv_file):
    path = csv_file("id,My T\nA,-2\n")
    assert read_cohort(path, columns={"My T": "t_score"}).table.loc[0, "t_score"] == -2.0
    assert (None, "Your T", "columns= names this heading, and the file does not have it") in problems(
        path, columns={"Your T": "t_score"}
    )
    assert problems(path, columns={"My T": "tscore"})[0] == (
        1,
        "My T",
        "is to become 'tscore', which is not a column of the template",
    )


def test_a_hip_t_score_is_not_taken_for_the_spine(csv_file):
    cohort = read_cohort(csv_file("id,t_score,hip T-score\nA,-2,-1\n"))
    assert cohort.table.columns.tolist() == ["id", "t_score", "hip T-score"]
    assert cohort.table["hip T-score"].tolist() == [-1.0]
    assert [c.code for c in cohort.cautions] == ["column-kept"]


@pytest.mark.parametrize("heading", ["Name", "Patient's name", "Date of birth", "Rodné číslo", "MRN", "E-mail"])
def test_a_column_that_tells_who_the_patient_is_is_refused_or_left_out_unread(csv_file, heading):
    path = csv_file(f"id,{heading},bmd\nA,secret,0.8\n")
    with pytest.raises(TableError, match="says who the patients are") as error:
        read_cohort(path)
    assert "secret" not in str(error.value)
    kept = read_cohort(path, drop_identity=True)
    assert kept.table.columns.tolist() == ["id", "bmd_g_cm2"]
    assert [c.code for c in kept.cautions] == ["identity-dropped"]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("Jana Nováková", "a name"),
        ("NOVAKOVA^JANA", "a name"),
        ("jana@example.org", "an e-mail address"),
        ("855102/0005", "a national birth number"),
        ("123-45-6789", "a social security number"),
        ("12. 3. 1955", "a date, such as a date of birth"),
    ],
)
def test_a_code_that_is_no_code_is_refused_without_repeating_it(csv_file, cell, told):
    path = csv_file(f"id;bmd\n{cell};0.8\n")
    with pytest.raises(TableError, match=f"holds what looks like {told}") as error:
        read_cohort(path)
    assert cell not in str(error.value)


@pytest.mark.parametrize("code", ["P017", "VIRTUAL^CASE03", "001", "case 12", "855102/0008", "123456789"])
def test_ordinary_codes_pass(code):
    assert identity_in(code, is_code=True) is None


def test_a_workbook_is_read_with_its_numbers_codes_and_blanks(workbook):
    path = workbook(["id", "age", "bmd", "fracture"], [1, 61, 0.763, True], [2, None, "0,75", 0], [None] * 4)
    table = read_cohort(path).table
    assert table["id"].tolist() == ["1", "2"]
    assert table["bmd_g_cm2"].tolist() == [0.763, 0.75]
    assert pd.isna(table.loc[1, "age_years"])
    assert table["fracture"].tolist() == [True, False]


def test_a_number_that_the_spreadsheet_made_a_date_is_told(workbook):
    path = workbook(["id", "t_score", "bmd"], ["A", dt.date(2025, 5, 2), "#DIV/0!"])
    assert problems(path) == [
        (2, "t_score", "the spreadsheet turned it into a date (2025-05-02)"),
        (2, "bmd", "holds the spreadsheet error #DIV/0!"),
    ]


def test_which_sheet_is_asked_where_several_have_content(workbook):
    path = workbook(["id", "bmd"], ["A", 0.8], second=[["id", "bmd"], ["B", 0.9]])
    with pytest.raises(TableError, match="has 2 sheets with content: Sheet, second"):
        read_cohort(path)
    assert read_cohort(path, sheet="second").table["id"].tolist() == ["B"]
    with pytest.raises(TableError, match="has no sheet 'third'; it has: Sheet, second"):
        read_cohort(path, sheet="third")


def test_missing_values_are_missing_however_they_are_written(csv_file):
    table = read_cohort(csv_file("id,bmd,fracture\nA,0.8,NA\nB,-,1\nC,n/a,\n")).table
    assert table["bmd_g_cm2"].isna().tolist() == [False, True, True]
    assert table["fracture"].isna().tolist() == [True, False, True]


def test_scores_that_depend_on_the_scanner_carry_a_caution(csv_file):
    def codes(text):
        return [c.code for c in read_cohort(csv_file(text)).cautions]

    assert codes("id,snr\nA,60\n") == ["scanner-unknown"]
    assert codes("id,snr,scanner\nA,60,one\nB,70,two\n") == ["scanners-pooled"]
    assert codes("id,snr,scanner\nA,60,one\nB,70,one\n") == []


def test_the_same_patient_may_stand_twice_for_two_readers(csv_file):
    assert len(read_cohort(csv_file("id,bmd,reader\nA,0.8,r1\nA,0.8,r2\n"))) == 2


def test_stray_cells_and_headless_columns_are_told(csv_file):
    assert problems(csv_file("id,bmd\nA,0.8,7\n")) == [(2, "-", "has 3 cells, the headings are 2")]
    assert problems(csv_file("id,,bmd\nA,5,0.8\n")) == [(1, "column 2", "has values but no heading")]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "holds 0 rows with content"),
        ("a.csv", b"id,bmd\n", "holds 1 rows with content"),
        ("a.csv", b"id,bmd\nA\xfb,0.8\n", "is not UTF-8: row 2 holds the byte 0xfb"),
        ("a.csv", b"PK\x03\x04rest", "is a workbook, not text"),
        ("a.csv", b'id,bmd\n"A,0.8\n', "breaks off at row 2"),
        ("a.csv", b"id,bmd\nA\x00,1\n", "holds zero bytes"),
        ("a.xlsx", b"not a zip", "cannot be read as a workbook"),
        ("a.pdf", b"%PDF", "ends in '.pdf'; .csv or .xlsx is needed"),
        ("a.csv", b"bmd\n0.8\n", "headings, id: is missing"),
        ("a.csv", b"id,age\nA,61\n", "the table has no score and no measurement"),
    ],
)
def test_a_file_that_is_no_cohort_table_is_refused_in_words(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TableError, match=words):
        read_cohort(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TableError, match=r"There is no file .*nowhere\.csv"):
        read_cohort(tmp_path / "nowhere.csv")


def test_utf16_text_as_excel_saves_unicode_text_is_read(csv_file):
    assert read_cohort(csv_file("id\tbmd\nÁ1\t0.8\n", encoding="utf-16")).table["id"].tolist() == ["Á1"]


@pytest.mark.parametrize("name", ["template.csv", "template.xlsx"])
def test_the_template_is_read_back_as_its_own_columns(tmp_path, name):
    path = make_cohort_template(tmp_path / name)
    with pytest.raises(TableError, match="exists already and is not overwritten"):
        make_cohort_template(path)
    row = {"id": "A", "sex": "F", "scanner": "s", "fracture": "no", "reader": "r"}
    columns = cohort_columns()
    numbers = {c.column: (c.lowest + c.highest) / 2 for c in columns.itertuples() if c.write == "number"}
    values = [str((row | numbers)[name]) for name in columns["column"]]
    if path.suffix == ".csv":
        with path.open("a", encoding="utf-8") as stream:
            stream.write(",".join(values) + "\n")
    else:
        book = openpyxl.load_workbook(path)
        book["cohort"].append(values)
        book.save(path)
    table = read_cohort(path).table
    assert table.columns.tolist() == columns["column"].tolist()
    assert table.loc[0, "bmd_g_cm2"] == pytest.approx(numbers["bmd_g_cm2"])


def test_a_template_of_another_kind_is_refused(tmp_path):
    with pytest.raises(TableError, match=r"ends in '\.ods'; \.csv or \.xlsx was expected"):
        make_cohort_template(tmp_path / "template.ods")


@pytest.mark.parametrize(
    "heading",
    [
        *("Name of patient", "Pt name", "Date of birth", "Hospital no.", "NHS number", "Medical record number"),
        *(
            "Meno pacienta",
            "Dátum nar.",
            "Rodné číslo",
            "Priezvisko",
            "Jméno a příjmení",
            "Datum narození",
            "č. pojištěnce RC",
        ),
        *("Imię i nazwisko", "Data urodzenia", "PESEL", "Beteg neve", "Születési dátum", "TAJ"),
        *("Patientenname", "Name, Vorname", "Geburtsdatum", "Geb.-Datum", "Versicherungsnummer", "Telefonnummer"),
        *("Nom", "Prénom", "Date de naissance", "Cognome", "Data di nascita", "Apellidos", "Fecha de nacimiento"),
        *("ФИО", "Дата рождения", "Прізвище", "Дата народження"),
        *("Versichertennummer", "Patienten-Nr.", "Fall-Nr.", "Fallnummer", "KIS-Nr", "Pat.-Nr.", "PatID", "Iniciály"),
        *("Né le", "N° sécurité sociale", "N° dossier", "Codice fiscale", "DNI", "NHC", "Historia clínica", "CF"),
        *("Nr historii choroby", "Naam", "Geboortedatum", "Personnummer", "Nr. matricol", "患者编号", "就诊号"),
        *("Pat.", "Pac.", "Acc no", "StudyInstanceUID", "PLZ", "PSČ", "患者", "病人"),
        *("姓名", "患者姓名", "身份证号", "出生日期", "病历号", "氏名", "生年月日", "이름", "생년월일"),
    ],
)
def test_a_heading_that_names_people_is_found_in_any_language_of_the_papers_and_their_neighbours(csv_file, heading):
    path = csv_file(f"id;T-score;{heading}\nA1;-2,6;Xyz\n")
    with pytest.raises(TableError, match="says who the patients are"):
        read_cohort(path)
    kept = read_cohort(path, drop_identity=True)
    assert heading not in kept.table.columns
    assert "Xyz" not in kept._repr_html_()


@pytest.mark.parametrize(
    "heading",
    [
        *(
            "Scanner name",
            "Protocol name",
            "Birth weight",
            "Year of birth",
            "OP",
            "Menopause",
            "Novartis",
            "Nominal kV",
        ),
        *(
            "Telomere",
            "Narrowing",
            "Number of levels",
            "Fracture number",
            "骨密度",
            "年龄",
            "患者年龄",
            "Pat. age",
            "Pattern",
        ),
    ],
)
def test_a_heading_that_names_nobody_is_not_taken_for_a_person(heading):
    assert not identifies(heading)


def test_a_workbook_whose_noted_size_is_wrong_is_read_whole(workbook):
    path = workbook(["id", "T-score", "VBQ-T1"], ["A1", -2.6, 3.1], ["A2", -1.0, 2.2], ["A3", 0.1, 2.0])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:A1"', content))
    assert read_cohort(path).table["t_score"].tolist() == [-2.6, -1.0, 0.1]


def test_a_formula_without_a_saved_result_is_a_problem_and_not_a_missing_value(workbook):
    rows = [
        ["id", "T-score", "VBQ-T1", "note"],
        ["A1", -2.6, "=310/100", "x"],
        ["A2", -1.0, None, "=1+1"],
        ["A3", 0.3, 2.1, "y"],
    ]
    found = check_cohort(workbook(*rows))
    assert found[["row", "column"]].to_numpy().tolist() == [[2, "VBQ-T1"], [3, "note"]]
    assert found["problem"].unique().tolist() == ["holds a formula whose result was never saved"]


@pytest.mark.parametrize("start", ["sep=;\r\n", "\ufeffsep=;\n", "\ufeff\ufeff", '"sep=;"\n', "SEP=;\n"])
def test_excels_line_with_the_separator_and_byte_order_marks_are_passed_over(tmp_path, start):
    path = tmp_path / "c.csv"
    path.write_bytes((start + "id;T-score;VBQ-T1;other\r\nA1;-2,6;3,1;1,5\r\nA2;-1,0;2,2;\r\n").encode())
    cohort = read_cohort(path)
    assert cohort.table["t_score"].tolist() == [-2.6, -1.0]
    assert cohort.headings["id"] == "id"
    path.write_bytes((start + "id;T-score\r\nA1;-26\r\n").encode())
    assert check_cohort(path)["row"].tolist() == [3 if "sep" in start.lower() else 2]


def test_decimal_commas_of_a_column_that_the_template_does_not_know_are_read_and_said(csv_file):
    cohort = read_cohort(csv_file("id;T-score;own index\nA1;-2.6;1,5\nA2;-1.0;−0,25\n"))
    assert cohort.table["own index"].tolist() == [1.5, -0.25]
    assert "Column 'own index' has decimal commas; 1,25 was read as 1.25." in [c.message for c in cohort.cautions]


def test_a_resident_identity_number_in_a_text_is_found():
    """The check digit by hand: the weighted sum of 11010519491231002 is 167, 167 mod 11 = 2, hence X."""
    assert identity_in("11010519491231002X", is_code=False) == "a resident identity number"
    assert identity_in("110105194912310021", is_code=False) is None
