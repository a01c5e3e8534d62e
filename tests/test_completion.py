"""Tab completion in a real kernel: what is offered before a cell has run (jedi, from the stubs) and after."""

import os
import sys

import pytest
from jupyter_client.manager import KernelManager

NOT_RUN = {
    "a subpackage": ("import vbqkit\nvbqkit.refere", "reference_library"),
    "a function of the package": ("import vbqkit\nvbqkit.read_s", "read_study"),
    "a name to import": ("from vbqkit.stats import cohen_k", "cohen_kappa"),
    "a function of a subpackage": ("from vbqkit import stats\nstats.mann", "mann_whitney"),
    "a subpackage under another name": ("import vbqkit as vk\nvk.stats.mann", "mann_whitney"),
    "a method of what a function gives": ("from vbqkit import read_study\nread_study('case').fi", "find"),
    "what stands at the end of a chain": (
        "from vbqkit import read_study\nread_study('case').find('T1').volume().spac",
        "spacing_mm",
    ),
    "an argument": ("from vbqkit.stats import auc\nauc(pos", "positive="),
}
RUN = {
    "a function": ("stats.mann", "mann_whitney"),
    "an argument": ("stats.auc(pos", "positive="),
    "a subpackage that was not loaded": ("vbqkit.virt", "virtual_cohort"),
    "a method": ("box.meas", "measure"),
}
_CELL = """
import vbqkit
from vbqkit import Rectangle, stats
box = Rectangle(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -2.5), label="L1")
print(get_ipython().Completer.use_jedi)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = sys.executable  # the Python of the tests, whichever kernels the computer has
    manager.start_kernel(env={**os.environ, "IPYTHONDIR": str(tmp_path_factory.mktemp("ipython"))})
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def offered(kernel, code):
    return kernel.complete(code, reply=True, timeout=120)["content"]["matches"]


@pytest.mark.parametrize("case", NOT_RUN)
def test_a_cell_that_has_not_run_offers(kernel, case):
    code, wanted = NOT_RUN[case]
    assert wanted in offered(kernel, code)


@pytest.mark.parametrize("case", RUN)
def test_after_a_cell_has_run_tab_offers(kernel, case):
    said = []
    reply = kernel.execute_interactive(
        _CELL, timeout=120, output_hook=lambda message: said.append(message["content"].get("text", ""))
    )
    assert reply["content"]["status"] == "ok"
    assert "True" in "".join(said), "jedi is switched off in this kernel"
    code, wanted = RUN[case]
    assert wanted in offered(kernel, code)


def test_tab_shows_what_is_promised_and_nothing_else(kernel):
    import vbqkit

    kernel.execute_interactive("import vbqkit", timeout=120)
    assert set(offered(kernel, "vbqkit.")) == set(vbqkit.__all__) - {"__version__"}
