"""The node that receives: C-ECHO and C-STORE, from this machine alone unless more is asked for."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from vbqkit.errors import NodeError
from vbqkit.node.inbox import CANNOT_UNDERSTAND, Inbox, Limits, NotStoredError, ReceivedStudy
from vbqkit.node.peer import check_port, check_title, is_loopback
from vbqkit.node.quiet import pynetdicom

SUCCESS = 0x0000
_MOST_ASSOCIATIONS = 10
_SILENCE_S = 60.0  # after which a sender that says nothing is taken to be gone
_BESIDE_THE_OBJECT = 1 << 20  # bytes of a message that are no part of the object


class Node:
    """A listening node; ends with :meth:`close`, or as a context manager.

    Attributes
    ----------
    inbox : Inbox
        Where objects go.
    ae_title, host, port
        Where it listens.
    """

    def __init__(self, inbox: Inbox, ae_title: str, host: str, port: int, callers: Iterable[str]) -> None:
        library = pynetdicom()
        self.inbox, self.ae_title, self.host = inbox, ae_title, host
        self._arrived: dict[int, int] = {}  # bytes of the message that an association is sending
        entity = library.AE(ae_title=ae_title)
        entity.maximum_associations = _MOST_ASSOCIATIONS
        entity.network_timeout = _SILENCE_S
        entity.require_called_aet = True
        entity.require_calling_aet = [check_title(caller) for caller in callers]
        for context in library.AllStoragePresentationContexts:
            entity.add_supported_context(context.abstract_syntax, library.ALL_TRANSFER_SYNTAXES)
        entity.add_supported_context("1.2.840.10008.1.1")
        events = library.evt
        handlers = [
            (events.EVT_C_ECHO, lambda _: SUCCESS),
            (events.EVT_C_STORE, self._store),
            (events.EVT_DATA_RECV, self._count),
            (events.EVT_DIMSE_RECV, self._forget),
            (events.EVT_CONN_CLOSE, self._forget),
        ]
        try:
            self._server = entity.start_server((host, port), block=False, evt_handlers=handlers)
        except OSError as error:
            raise _not_listening(host, port, error) from error
        self.port: int = self._server.server_address[1]

    def _store(self, event: Any) -> Any:
        from pydicom.dataset import Dataset  # noqa: PLC0415 - where it is used

        answer = Dataset()
        try:
            self.inbox.put(event.encoded_dataset())
        except NotStoredError as refused:
            answer.Status, answer.ErrorComment = refused.status, str(refused)[:64]
        except Exception:  # a sender is told a status, never left without an answer
            answer.Status = CANNOT_UNDERSTAND
        else:
            answer.Status = SUCCESS
        return answer

    def _count(self, event: Any) -> None:
        """End an association whose message is too large: it would fill the memory before it could be refused."""
        key = id(event.assoc)
        self._arrived[key] = self._arrived.get(key, 0) + len(event.data)
        if self._arrived[key] > self.inbox.limits.file_bytes + _BESIDE_THE_OBJECT:
            event.assoc.abort(block=False)

    def _forget(self, event: Any) -> None:
        self._arrived.pop(id(event.assoc), None)

    def complete(self, idle_s: float) -> tuple[ReceivedStudy, ...]:
        """As :meth:`Inbox.complete`."""
        return self.inbox.complete(idle_s)

    def close(self) -> None:
        """Stop listening; what was received whole stays."""
        self._server.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start_node(
    folder: str | os.PathLike[str],
    *,
    ae_title: str = "VBQKIT",
    host: str = "127.0.0.1",
    port: int = 11112,
    callers: Iterable[str] = (),
    limits: Limits | None = None,
) -> Node:
    """Receive studies into a folder, until the node is closed.

    Every storage class is taken, in the transfer syntax that it is sent in; files are written as they were received.
    Names of folders and files are made here.

    Parameters
    ----------
    folder : path-like
        Where studies go, one folder each: ``study-0001`` ...
    ae_title : str
        What senders must call this node.
    host : str
        The address to listen at. Any but a loopback address lets other machines in, without password or encryption:
        DICOM has neither.
    port : int
        Where to listen; 0 for any free one.
    callers : iterable of str
        AE titles that may send; anybody if empty. A title is no proof.
    limits : Limits
        What is taken at most.

    Returns
    -------
    Node

    Raises
    ------
    NodeError
        If pynetdicom is not installed, a title is none, the folder cannot be used, or nothing can listen there.
    """
    check_title(ae_title)
    if port != 0:
        check_port(port)
    return Node(Inbox(folder, limits=limits), ae_title, host, port, callers)


def warning_of(host: str) -> str | None:
    """What must be said about listening there; None on the loopback."""
    if is_loopback(host):
        return None
    return (
        f"Listening at {host}: other machines reach this node. DICOM has no password and no encryption; whoever reaches the port can store files, "
        "and whoever is on the way can read them."
    )


def _not_listening(host: str, port: int, error: OSError) -> NodeError:
    if error.errno == errno.EADDRINUSE:
        return NodeError(f"Port {port} at {host} is taken by another program. End it, or choose another port (--port).")
    if error.errno == errno.EACCES:
        return NodeError(
            f"Port {port} may not be used: ports below 1024 belong to the system. Choose another (--port 11112)."
        )
    why = error.strerror or error
    return NodeError(f"Nothing can listen at {host}, port {port}: {why}. Give an address of this machine (--host).")
