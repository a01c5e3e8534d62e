"""Where the program runs, and whether an identifiable study may be shown there.

On a machine that the user sits at, the images stay where they are. On Binder, Colab, a hub or a container in a cloud,
the page shows a server's memory: opening a study there sends it to somebody else's machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from vbqkit.privacy.report import PrivacyReport

_REMOTE: tuple[tuple[tuple[str, ...], str], ...] = (
    (("BINDER_SERVICE_HOST", "BINDER_REPO_URL", "BINDER_REF_URL", "BINDER_LAUNCH_HOST", "BINDER_REQUEST"), "Binder"),
    (("COLAB_RELEASE_TAG", "COLAB_GPU", "COLAB_JUPYTER_IP", "COLAB_BACKEND_VERSION"), "Google Colab"),
    (("KAGGLE_KERNEL_RUN_TYPE", "KAGGLE_URL_BASE"), "Kaggle"),
    (("CODESPACES", "CODESPACE_NAME", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN"), "GitHub Codespaces"),
    (("GITPOD_WORKSPACE_ID",), "Gitpod"),
    (("DEEPNOTE_PROJECT_ID",), "Deepnote"),
    (("SAGEMAKER_INTERNAL_IMAGE_URI", "SAGEMAKER_APP_TYPE"), "Amazon SageMaker"),
    (("DATABRICKS_RUNTIME_VERSION",), "Databricks"),
    (("VERTEX_PRODUCT",), "Google Vertex AI"),
    (("AZUREML_RUN_ID", "AZUREML_ROOT_DIR", "MLFLOW_TRACKING_URI_AZUREML"), "Azure Machine Learning"),
    (("JUPYTERHUB_USER", "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_BASE_URL"), "a JupyterHub"),
    (("KUBERNETES_SERVICE_HOST", "KUBERNETES_PORT"), "a Kubernetes cluster"),
    (("SSH_CONNECTION", "SSH_CLIENT"), "a machine reached over SSH"),
)
"""Environment variables that each service sets, most telling first."""

HOW_LOCALLY = (
    "Run it on your own computer: get the project, then `make lab`, and open http://localhost:8888. Or make a clean copy on "
    "the computer that holds the images, `vbqkit deidentify IN OUT`, and open the copy."
)
"""What to do where an identifiable study is refused."""

WHAT_IT_MEANS = (
    "These images identify the patient. Whoever sees the screen, a saved picture of it or this computer's files can tell who was "
    "scanned. Show them only if you may see them yourself: as a member of the team that treats the patient, or with the "
    "consent or permission that your institution asks for. vbqkit sends nothing anywhere, and writes no name into case files, "
    "ROI files or notebooks. A clean copy is better for teaching and research: vbqkit deidentify IN OUT."
)
"""What a user reads before saying that they may see an identifiable study."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the program runs.

    Attributes
    ----------
    local : bool
        Whether it is this computer, as far as can be told.
    name : str
        Such as ``"this computer"`` or ``"Binder"``.
    reason : str
        What says so.
    """

    local: bool
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Showing:
    """Whether a study may be shown, and what to say.

    Attributes
    ----------
    allowed : bool
        Show it.
    ask : bool
        Not yet: ask the user to acknowledge `text` first.
    text : str
        The explanation; empty where there is nothing to say.
    """

    allowed: bool
    ask: bool
    text: str


def where_it_runs(environ: Mapping[str, str] | None = None) -> Place:
    """Whether the program runs on the user's computer or on a server elsewhere, by what services set.

    Parameters
    ----------
    environ : mapping of str to str, optional
        Environment variables; those of this process unless given.

    Returns
    -------
    Place
        Local unless a variable says otherwise. A server in the next room that sets none of them is taken for local.

    Examples
    --------
    >>> where_it_runs({"BINDER_REPO_URL": "https://example.org"})
    Place(local=False, name='Binder', reason='BINDER_REPO_URL is set')
    >>> where_it_runs({}).local
    True
    """
    given = os.environ if environ is None else environ
    for variables, name in _REMOTE:
        found = next((variable for variable in variables if given.get(variable, "").strip()), None)
        if found is not None:
            return Place(local=False, name=name, reason=f"{found} is set")
    return Place(local=True, name="this computer", reason="no variable of a hub, cluster or cloud is set")


def may_show(report: PrivacyReport, place: Place, *, acknowledged: bool = False) -> Showing:
    """Whether a study may be shown.

    A clean one may. One that needs attention may, with its explanation. An identifiable one may only on the user's own
    computer, and after they have acknowledged what it means; elsewhere it is refused, whatever was acknowledged.

    Parameters
    ----------
    report : PrivacyReport
        Of the study.
    place : Place
        Where the program runs: :func:`where_it_runs`.
    acknowledged : bool
        The user has read the explanation and may see the images.

    Examples
    --------
    >>> from vbqkit.privacy import PrivacyFinding
    >>> identifiable = PrivacyReport(findings=(PrivacyFinding(level="identifies", kind="name or number"),), files=1)
    >>> here, binder = where_it_runs({}), where_it_runs({"BINDER_REPO_URL": "x"})
    >>> [may_show(identifiable, here, acknowledged=said).allowed for said in (False, True)]
    [False, True]
    >>> may_show(identifiable, binder, acknowledged=True).allowed
    False
    """
    if report.verdict == "clean":
        return Showing(allowed=True, ask=False, text="")
    count = len(report.findings)
    if report.verdict == "needs attention":
        text = (
            f"{count} finding{'' if count == 1 else 's'} may lead to the patient (UIDs, dates, free texts ...), and none names them. "
            "vbqkit check lists them."
        )
        away = "" if place.local else f" This page is served by {place.name} ({place.reason}), not by your computer."
        return Showing(allowed=True, ask=False, text=text + away)
    if not place.local:
        text = (
            f"These images identify the patient, and this page is served by {place.name} ({place.reason}), not by your computer: "
            f"they are not shown here. {HOW_LOCALLY}"
        )
        return Showing(allowed=False, ask=False, text=text)
    return Showing(allowed=acknowledged, ask=not acknowledged, text=WHAT_IT_MEANS)
