"""Another DICOM node: its name, machine and port, as people write them."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from vbqkit.errors import NodeError, shown

_PEER = re.compile(r"(?P<ae>[^@]+)@(?P<host>\[[0-9A-Fa-f:.]+\]|[^@:\s\[\]]+):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a DICOM node listens.

    Attributes
    ----------
    ae_title : str
        Its name, 1 to 16 letters.
    host : str
        Name or address of its machine.
    port : int
        1 to 65535.
    """

    ae_title: str
    host: str
    port: int

    def __post_init__(self) -> None:
        check_title(self.ae_title)
        check_port(self.port)

    @classmethod
    def parse(cls, text: str) -> Peer:
        """Read it from ``AE@host:port``.

        Raises
        ------
        NodeError
            If it is written in another way.

        Examples
        --------
        >>> Peer.parse("ORTHANC@127.0.0.1:4242")
        Peer(ae_title='ORTHANC', host='127.0.0.1', port=4242)
        """
        found = _PEER.fullmatch(text.strip())
        if found is None:
            raise NodeError(
                f"{shown(text)!r} is no DICOM node. Write it as AE@host:port, such as ORTHANC@127.0.0.1:4242."
            )
        return cls(found["ae"], found["host"].strip("[]"), int(found["port"]))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.ae_title}@{host}:{self.port}"


def check_title(title: str) -> str:
    """The title, if a node may have it (PS3.5, VR AE).

    Raises
    ------
    NodeError
        If it is empty, too long, or holds other letters.
    """
    if (
        not 0 < len(title.strip()) <= len(title) <= 16
        or not title.isascii()
        or not title.isprintable()
        or "\\" in title
    ):
        raise NodeError(
            f"{shown(title)!r} is no AE title: it has 1 to 16 letters of ASCII without backslash. Ask who runs the other node."
        )
    return title


def check_port(port: int) -> int:
    """The port, if there is such a one.

    Raises
    ------
    NodeError
        If it is not from 1 to 65535.
    """
    if not 0 < port < 65536:
        raise NodeError(
            f"Port {port} does not exist. Ports are numbered from 1 to 65535; DICOM usually takes 104 or 11112."
        )
    return port


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach it.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
