"""Work on many jobs in processes of this computer or on a Dask cluster: the same loop, and one answer a job."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from vbqkit.errors import VbqkitError, shown

Job = TypeVar("Job")
Answer = TypeVar("Answer")

_AHEAD = 2
"""Jobs that wait at each worker, so that none is idle; more would be lost with a worker that ends."""
_SECONDS_TO_LOOK = 5.0
_SECONDS_TO_CONNECT = 10


_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What the libraries of linear algebra look at when they are loaded."""


class RunError(VbqkitError):
    """Workers that cannot work: a scheduler that is gone, or an installation that differs."""


class WorkerLost(Exception):  # noqa: N818 - a state of a job, never shown to a user
    """The process that did a job ended before it had an answer, each time it was tried."""


class Workers(Protocol):
    """Where jobs are done."""

    def opened(self, count: int | None = None) -> AbstractContextManager[Executor]:
        """An executor; `count` processes if that is said and can be chosen."""
        ...

    def width(self) -> int:
        """How many jobs are worked on at a time."""
        ...

    def check(self) -> None:
        """Raise :class:`RunError` if there is nobody left to work."""
        ...

    def check_beginning(self) -> None:
        """Raise :class:`RunError` if nobody can even begin, whatever the work."""
        ...


class _InThisProcess(Executor):
    """Does a job as soon as it is handed over."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # told where the answer is looked at, as a pool does
            future.set_exception(error)
        return future


@dataclass(frozen=True, slots=True)
class Processes:
    """Processes of this computer, which begin anew: nothing of this process is in them."""

    count: int

    @contextmanager
    def opened(self, count: int | None = None) -> Iterator[Executor]:
        """A pool of processes with one thread each: one a core already, they would only wait for one another.

        Where no process can begin, as in a browser, this process does one job after another: with the same numbers.
        """
        try:
            from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - Python in a browser has none
        except ImportError:
            yield _InThisProcess()
            return
        unset = [name for name in _THREADS if name not in os.environ]
        os.environ.update(
            dict.fromkeys(unset, "1")
        )  # what has been loaded here does not look again; a new process does
        pool = ProcessPoolExecutor(count or self.count, mp_context=multiprocessing.get_context("spawn"))
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            for name in unset:
                os.environ.pop(name, None)

    def width(self) -> int:
        """How many processes there are."""
        return self.count

    def check(self) -> None:
        """Nothing can be gone here that the pool does not notice."""

    def check_beginning(self) -> None:
        """Whether a process that has nothing to do comes to life: it reads the program that began it once more."""
        with self.opened(1) as pool:
            try:
                pool.submit(os.getpid).result()
            except BrokenExecutor as error:
                raise RunError(
                    "Other processes cannot begin here, since they cannot read the program that begins them: what stands at a prompt or "
                    "comes through a pipe is in no file, and a script must begin its work under if __name__ == '__main__'. Put it into "
                    "such a file, or work in this very process: workers=0."
                ) from error


class DaskCluster:
    """The workers of any running Dask scheduler; they see the same files under the same paths.

    Parameters
    ----------
    address : str or Cluster
        Of the scheduler, such as ``tcp://10.0.0.5:8786``, or a file that it wrote (``--scheduler-file``); or the object
        of a cluster that this process began, which knows its own keys.
    """

    def __init__(self, address: Any) -> None:
        self.address = address if isinstance(address, str) else getattr(address, "scheduler_address", "(unknown)")
        self._at = address
        self._client: Any = None

    @contextmanager
    def opened(self, count: int | None = None) -> Iterator[Executor]:  # noqa: ARG002 - it has its own
        """An executor of the cluster.

        Raises
        ------
        RunError
            If Dask is not installed, or no scheduler answers.
        """
        try:
            from distributed import Client  # noqa: PLC0415 - in the extra `dask`
        except ImportError as error:
            raise RunError("A Dask scheduler needs dask.distributed: pip install 'vbqkit[dask]'.") from error
        where = {"scheduler_file" if self.address.endswith(".json") else "address": self._at}
        try:
            client = Client(**where, timeout=_SECONDS_TO_CONNECT, set_as_default=False)
        except Exception as error:  # each kind of address has errors of its own
            raise RunError(
                f"No Dask scheduler answers at {self.address} ({shown(error)}). Check that it runs and can be reached from here, or leave "
                "--dask out to work on this computer."
            ) from error
        self._client = client
        try:
            yield client.get_executor(pure=False)
        finally:
            self._client = None
            client.close(timeout=2)

    def width(self) -> int:
        """Threads of all workers; 1 while there is none."""
        return max(1, int(sum(self._client.nthreads().values())))

    def check(self) -> None:
        """Whether the scheduler is still there."""
        if self._client is not None and self._client.status != "running":
            raise RunError(self._gone())

    def check_beginning(self) -> None:
        """A cluster says so itself."""

    def _gone(self) -> str:
        return (
            f"The Dask scheduler at {self.address} is gone. What was done before is kept: start it again, or leave --dask out, and run "
            "the same command again."
        )


def done_by(
    workers: Workers, work: Callable[[Job], Answer], jobs: Sequence[Job]
) -> Iterator[tuple[Job, Answer | WorkerLost]]:
    """Each job with its answer, as they come.

    Where a process ends in the middle (a decoder that fails, too little memory), the jobs that were under way are done
    again one at a time; the one with which a process ends again has :class:`WorkerLost` for an answer.

    Parameters
    ----------
    workers : Workers
        Where the work is done.
    work : callable
        ``work(job)``; it can be sent to another process, and raises for nothing that is the fault of a job.
    jobs : sequence
        The jobs.

    Raises
    ------
    RunError
        If the scheduler is gone, or a worker cannot do the work at all.
    """
    waiting, again = deque(jobs), deque[Job]()
    answered = False
    while waiting or again:
        source, alone = (again, True) if again else (waiting, False)
        with workers.opened(1 if alone else None) as pool:
            under_way: dict[Future[Answer], Job] = {}
            try:
                while source or under_way:
                    _hand_out(pool, work, source, under_way, most=1 if alone else _AHEAD * workers.width())
                    for future in wait(under_way, timeout=_SECONDS_TO_LOOK, return_when=FIRST_COMPLETED).done:
                        answer = _answer(future, workers)
                        answered = True
                        yield under_way.pop(future), answer
                    workers.check()
            except BrokenExecutor:
                if not answered:
                    workers.check_beginning()  # before every job is blamed
                if alone:
                    yield under_way.popitem()[1] if under_way else source.popleft(), WorkerLost()
                else:
                    again.extend(under_way.values())


def _hand_out(
    pool: Executor,
    work: Callable[[Job], Answer],
    source: deque[Job],
    under_way: dict[Future[Answer], Job],
    *,
    most: int,
) -> None:
    while source and len(under_way) < most:
        under_way[pool.submit(work, source[0])] = source[0]
        source.popleft()


def _answer(future: Future[Answer], workers: Workers) -> Answer | WorkerLost:
    try:
        return future.result()
    except BrokenExecutor:
        raise
    except VbqkitError as error:
        raise RunError(str(error)) from error
    except (Exception, CancelledError) as error:
        if type(error).__name__ == "KilledWorker":  # Dask's own word: tried on several workers, and each of them ended
            return WorkerLost()
        workers.check()
        if isinstance(error, CancelledError) or type(error).__name__ in ("FutureCancelledError", "CommClosedError"):
            raise RunError(
                f"The workers are gone ({type(error).__name__}). What was done before is kept: run the same command again."
            ) from error
        raise RunError(
            f"A worker cannot do the work ({type(error).__name__}: {shown(error)}). Every worker needs the same version of vbqkit and what "
            "the scores need."
        ) from error
