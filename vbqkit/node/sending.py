"""Sending: DICOM files to another node by C-STORE, and why it did not work, in words."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pydicom
from pydicom.uid import UID

from vbqkit.errors import NodeError
from vbqkit.formats.files import user_path
from vbqkit.node.peer import Peer, check_title
from vbqkit.node.quiet import pynetdicom

_VERIFICATION = "1.2.840.10008.1.1"
_PLAIN = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")  # explicit and implicit little endian: changed into one another
_CONNECT_S, _GREETING_S, _ANSWER_S = 10.0, 30.0, 60.0

_STATUSES = (
    (0x0122, 0x0122, "it does not take this kind of object"),
    (0x0124, 0x0124, "it is not allowed to store"),
    (0x0111, 0x0111, "it holds an object with this number already"),
    (0xA700, 0xA7FF, "it is out of resources: its disk may be full"),
    (0xA900, 0xA9FF, "the object is not of the kind it says"),
    (0xC000, 0xCFFF, "it cannot understand the object"),
)


def check_peer(peer: Peer, *, ae_title: str = "VBQKIT") -> None:
    """Ask a node whether it is there (C-ECHO).

    Raises
    ------
    NodeError
        If it is not, or does not answer; says why.
    """
    library = pynetdicom()
    association = _associated(library, peer, [(_VERIFICATION, _PLAIN)], ae_title)
    try:
        if not _accepted(association):
            raise NodeError(f"{peer} takes no C-ECHO. It is a DICOM node; ask who runs it what it is for.")
        answer = association.send_c_echo()
        if answer.get("Status") != 0:
            raise _gone(peer, "it did not answer a C-ECHO")
    finally:
        _end(association)


def send_files(files: Iterable[str | os.PathLike[str]], to: Peer, *, ae_title: str = "VBQKIT") -> tuple[Path, ...]:
    """Send DICOM files to a node by C-STORE, in one association.

    Parameters
    ----------
    files : iterable of path-like
        What to send; all of them are read before the first one goes.
    to : Peer
        Where to.
    ae_title : str
        What this sender calls itself.

    Returns
    -------
    tuple of Path
        The files, in order.

    Raises
    ------
    NodeError
        If a file is no DICOM file, nobody listens there, the association is refused, the node does not take such
        objects, answers with a failure, or goes away meanwhile. Says which files had arrived.
    """
    library = pynetdicom()
    check_title(ae_title)
    paths = [user_path(path) for path in files]
    if not paths:
        raise NodeError("No file to send was named.")
    datasets = [_read(path) for path in paths]
    contexts: dict[tuple[str, tuple[str, ...]], None] = {}
    for dataset in datasets:
        kind, syntax = str(dataset.SOPClassUID), str(dataset.file_meta.TransferSyntaxUID)
        contexts[kind, (syntax,)] = (
            None  # as it is; where the node does not take that, as plain as every node must take it
        )
        if syntax in _PLAIN:
            contexts[kind, tuple(other for other in _PLAIN if other != syntax)] = None
    association = _associated(library, to, list(contexts), ae_title)
    sent: list[Path] = []
    try:
        taken = _accepted(association)
        for path, dataset in zip(paths, datasets, strict=True):
            _check_taken(to, path, dataset, taken, sent)
            try:
                answer = association.send_c_store(dataset)
            except (RuntimeError, ValueError, AttributeError, OSError) as error:
                raise _broken(to, sent, paths, "the connection broke off") from error
            status = answer.get("Status")
            if status is None:
                raise _broken(to, sent, paths, "no answer came")
            if status not in (0x0000, 0xB000, 0xB006, 0xB007):  # success, or stored with a warning
                said = next((words for low, high, words in _STATUSES if low <= status <= high), "it failed")
                raise _broken(to, sent, paths, f"{said} (status {status:04X})")
            sent.append(path)
    finally:
        _end(association)
    return tuple(sent)


def _read(path: Path) -> pydicom.FileDataset:
    try:
        dataset = pydicom.dcmread(path)
        kind, syntax, instance = dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID, dataset.SOPInstanceUID
    except OSError as error:
        raise NodeError(f"{path} cannot be read: {error.strerror or error}.") from error
    except Exception as error:  # whatever a file that is none makes the reader raise
        raise NodeError(f"{path} is no DICOM file that can be sent. Send .dcm files, such as case.sr.dcm.") from error
    if not (kind and syntax and instance):
        raise NodeError(f"{path} does not say what it is (0008,0016), (0008,0018), (0002,0010), so it cannot be sent.")
    return dataset


def _associated(library: Any, peer: Peer, contexts: Sequence[tuple[str, Sequence[str]]], ae_title: str) -> Any:
    """An association that was accepted."""
    if len(contexts) > 128:
        raise NodeError(
            f"{len(contexts)} kinds of object in one sending; an association has room for 128. Send fewer files."
        )
    entity = library.AE(ae_title=ae_title)
    entity.connection_timeout, entity.acse_timeout = _CONNECT_S, _GREETING_S
    entity.dimse_timeout, entity.network_timeout = _ANSWER_S, _ANSWER_S
    for kind, syntaxes in contexts:
        entity.add_requested_context(kind, list(syntaxes))
    connected: list[object] = []
    began_s = time.monotonic()
    handlers = [(library.evt.EVT_CONN_OPEN, connected.append)]
    try:
        association = entity.associate(peer.host, peer.port, ae_title=peer.ae_title, evt_handlers=handlers)
    except OSError as error:
        raise _unreachable(peer) from error
    if association.is_established:
        return association
    if not connected:
        raise _unreachable(peer)
    if association.is_rejected:
        why = association.acceptor.primitive.reason_str
        known = {
            "Called AE title not recognised": f"it is not called {peer.ae_title}. Upper and lower case matter",
            "Calling AE title not recognised": f"it does not know {ae_title}. Enter that name there, or use --ae",
        }
        raise NodeError(f"{peer} refused the association: {known.get(why, why)}. Ask who runs it.")
    if association.rejected_contexts and not association.accepted_contexts:
        raise NodeError(
            f"{peer} takes none of these objects: {_names(kind for kind, _ in contexts)}. Nothing was sent."
        )
    if time.monotonic() - began_s >= _GREETING_S:
        raise _gone(peer, f"it did not answer within {_GREETING_S:g} s; it may be busy, or no DICOM node")
    raise _gone(peer, "it ended the association before it began; it may be no DICOM node, or allow no more")


def _unreachable(peer: Peer) -> NodeError:
    """Why no connection came about: tried once more, since the library does not tell."""
    try:
        socket.create_connection((peer.host, peer.port), timeout=_CONNECT_S).close()
    except ConnectionRefusedError:
        return NodeError(
            f"Nobody listens at {peer.host}, port {peer.port}. Start the node there, or correct the address."
        )
    except socket.gaierror:
        return NodeError(f"There is no machine {peer.host!r}. Correct the address.")
    except TimeoutError:
        return NodeError(
            f"{peer.host}, port {peer.port} did not answer within {_CONNECT_S:g} s. A firewall may be in the way."
        )
    except OSError as error:
        return NodeError(f"{peer.host}, port {peer.port} cannot be reached: {error.strerror or error}.")
    return _gone(peer, "it did not answer in time")


def _accepted(association: Any) -> dict[str, set[str]]:
    """Kinds of object that the node takes, each with its transfer syntaxes."""
    found: dict[str, set[str]] = {}
    for context in association.accepted_contexts:
        found.setdefault(str(context.abstract_syntax), set()).update(map(str, context.transfer_syntax))
    return found


def _check_taken(
    to: Peer, path: Path, dataset: pydicom.FileDataset, taken: dict[str, set[str]], sent: Sequence[Path]
) -> None:
    kind, syntax = str(dataset.SOPClassUID), str(dataset.file_meta.TransferSyntaxUID)
    had = f" Arrived before: {', '.join(map(str, sent))}." if sent else " Nothing was sent."
    if kind not in taken:
        raise NodeError(f"{to} does not take {UID(kind).name} ({path}).{had}")
    if syntax not in taken[kind] and not (syntax in _PLAIN and taken[kind] & set(_PLAIN)):
        raise NodeError(f"{to} does not take {UID(syntax).name} ({path}).{had} Decompress the file before.")


def _names(kinds: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(UID(kind).name for kind in kinds))


def _broken(to: Peer, sent: Sequence[Path], paths: Sequence[Path], why: str) -> NodeError:
    had = f"Arrived before: {', '.join(map(str, sent))}." if sent else "Nothing had arrived before."
    return NodeError(f"{to}: {why}, at file {len(sent) + 1} of {len(paths)}, {paths[len(sent)]}. {had}")


def _gone(peer: Peer, why: str) -> NodeError:
    return NodeError(f"{peer}: {why}. Try again, and look at its log.")


def _end(association: Any) -> None:
    if association.is_established:
        association.release()
