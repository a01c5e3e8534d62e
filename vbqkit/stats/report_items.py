"""The items of STARD 2015 and TRIPOD 2015, in short words of our own; the wording that counts is in the papers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its number, the section of a paper it belongs to, and its topic."""

    number: str
    section: str
    topic: str


def _items(text: str) -> tuple[Item, ...]:
    lines = [line.split(" | ") for line in text.strip().splitlines()]
    return tuple(Item(number, section, topic) for number, section, topic in lines)


STARD = _items("""
1 | Title or abstract | says that it is a study of diagnostic accuracy
2 | Abstract | structured summary
3 | Introduction | background, intended use and role of the index test
4 | Introduction | objectives and hypotheses
5 | Methods | data collection planned before or after the tests
6 | Methods | eligibility criteria
7 | Methods | how eligible people were found
8 | Methods | where and when
9 | Methods | consecutive, random or convenience series
10a | Methods | index test in enough detail to repeat it
10b | Methods | reference standard in enough detail to repeat it
11 | Methods | why this reference standard
12a | Methods | cut-offs of the index test, set before or found in the data
12b | Methods | cut-offs of the reference standard, set before or found in the data
13a | Methods | what readers of the index test knew
13b | Methods | what assessors of the reference standard knew
14 | Methods | how accuracy was estimated or compared
15 | Methods | handling of indeterminate results
16 | Methods | handling of missing data
17 | Methods | analyses of variability, planned or exploratory
18 | Methods | intended sample size and how it was found
19 | Results | flow of participants
20 | Results | characteristics of participants
21a | Results | severity among those with the condition
21b | Results | other diagnoses among those without it
22 | Results | time and treatment between the two tests
23 | Results | index test against reference standard as a table
24 | Results | estimates of accuracy with their intervals
25 | Results | harm by either test
26 | Discussion | limitations: bias, uncertainty, who it applies to
27 | Discussion | implications for practice
28 | Other | registration
29 | Other | where the protocol can be read
30 | Other | funding and the role of funders
""")
"""Bossuyt et al. (2015) doi:10.1136/bmj.h5527."""

TRIPOD = _items("""
1 | Title | says that a prediction model is developed, for whom and for what outcome
2 | Abstract | structured summary
3a | Introduction | medical context and earlier models
3b | Introduction | objectives: development, validation or both
4a | Methods | design or source of data
4b | Methods | dates of the study
5a | Methods | setting, number and place of centers
5b | Methods | eligibility criteria
5c | Methods | treatments received
6a | Methods | outcome, how and when it was assessed
6b | Methods | blinding of the assessment of the outcome
7a | Methods | predictors, how and when they were measured
7b | Methods | blinding of the assessment of predictors
8 | Methods | how the study size was arrived at
9 | Methods | handling of missing data
10a | Methods | how predictors were handled
10b | Methods | type of model, how it was built and validated internally
10d | Methods | measures of performance
11 | Methods | risk groups, if there are any
13a | Results | flow of participants, with and without the outcome
13b | Results | characteristics of participants and missing values
14a | Results | participants and outcome events in each analysis
14b | Results | association of each predictor by itself with the outcome
15a | Results | the full model: intercept and all coefficients
15b | Results | how to use the model
16 | Results | performance with intervals
18 | Discussion | limitations
19b | Discussion | interpretation beside similar studies
20 | Discussion | clinical use and further research
21 | Other | where supplements can be found
22 | Other | funding and the role of funders
""")
"""Those for the development of a model: Collins et al. (2015) doi:10.7326/M14-0697."""
