"""Where an identifiable study may be shown."""

import pytest

from vbqkit.privacy import PrivacyFinding, PrivacyReport, may_show, where_it_runs

CLEAN = PrivacyReport(files=1)
DOUBTFUL = PrivacyReport(findings=(PrivacyFinding(level="attention", kind="UID"),), files=1)
IDENTIFIABLE = PrivacyReport(findings=(PrivacyFinding(level="identifies", kind="name or number"),), files=1)
HERE, BINDER = where_it_runs({}), where_it_runs({"BINDER_LAUNCH_HOST": "https://mybinder.org/"})


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("BINDER_SERVICE_HOST", "Binder"),
        ("COLAB_RELEASE_TAG", "Google Colab"),
        ("JUPYTERHUB_USER", "a JupyterHub"),
        ("KUBERNETES_SERVICE_HOST", "a Kubernetes cluster"),
        ("CODESPACES", "GitHub Codespaces"),
        ("SSH_CONNECTION", "a machine reached over SSH"),
    ],
)
def test_a_hub_a_cloud_and_a_container_are_elsewhere(variable, name):
    place = where_it_runs({"HOME": "/home/x", variable: "1"})
    assert (place.local, place.name, place.reason) == (False, name, f"{variable} is set")


def test_binder_is_named_rather_than_the_cluster_it_runs_on():
    both = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "JUPYTERHUB_USER": "x", "BINDER_REPO_URL": "https://example.org"}
    assert where_it_runs(both).name == "Binder"


def test_an_empty_variable_says_nothing():
    assert where_it_runs({"COLAB_GPU": "", "PATH": "/bin"}).local


def test_this_process_is_asked_unless_an_environment_is_given(monkeypatch):
    monkeypatch.setenv("COLAB_RELEASE_TAG", "x")
    assert where_it_runs().name == "Google Colab"


def test_a_clean_study_is_shown_anywhere_without_a_word():
    for place in (HERE, BINDER):
        assert may_show(CLEAN, place) == may_show(CLEAN, place, acknowledged=True)
        assert (may_show(CLEAN, place).allowed, may_show(CLEAN, place).text) == (True, "")


def test_one_that_needs_attention_is_shown_with_its_explanation():
    here, away = may_show(DOUBTFUL, HERE), may_show(DOUBTFUL, BINDER)
    assert (here.allowed, here.ask) == (away.allowed, away.ask) == (True, False)
    assert "may lead to the patient" in here.text
    assert "served by Binder" in away.text


def test_an_identifiable_one_asks_first_on_this_computer():
    asked, said = may_show(IDENTIFIABLE, HERE), may_show(IDENTIFIABLE, HERE, acknowledged=True)
    assert (asked.allowed, asked.ask, said.allowed, said.ask) == (False, True, True, False)
    assert "These images identify the patient" in asked.text
    assert "vbqkit deidentify" in asked.text


def test_an_identifiable_one_is_refused_elsewhere_whatever_was_acknowledged():
    for acknowledged in (False, True):
        refused = may_show(IDENTIFIABLE, BINDER, acknowledged=acknowledged)
        assert (refused.allowed, refused.ask) == (False, False)
        assert "make lab" in refused.text
