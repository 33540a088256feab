"""Which addresses are never called, whatever an administrator allows."""

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

_METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # AWS, Azure, Google, OpenStack
            "169.254.170.2",  # AWS, of containers
            "100.100.100.200",  # Alibaba
            "168.63.129.16",  # Azure, of the host
            "192.0.0.192",  # Oracle
            "fd00:ec2::254",  # AWS
            "fd20:ce::254",  # Google
        ),
    )
)
_NEVER_V4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this network (RFC 791): Linux takes 0.0.0.0 for itself
            "169.254.0.0/16",  # link-local (RFC 3927)
            "192.88.99.0/24",  # 6to4 relays (RFC 7526)
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_NEVER_V6 = tuple(
    map(
        ip_network,
        (
            "::/128",  # unspecified
            "::ffff:0:0/96",  # mapped IPv4, the same peers as IPv4 (RFC 4291, section 2.5.5)
            "::ffff:0:0:0/96",  # translated IPv4 (RFC 2765)
            "64:ff9b::/96",  # NAT64 (RFC 6052): leads to an IPv4 address that no list of networks sees
            "64:ff9b:1::/48",  # NAT64, local (RFC 8215)
            "100::/64",  # discard (RFC 6666)
            "2001::/32",  # Teredo (RFC 4380)
            "2002::/16",  # 6to4 (RFC 3056)
            "fe80::/10",  # link-local
            "fec0::/10",  # site-local, given up (RFC 3879)
            "ff00::/8",  # multicast
        ),
    )
)
_COMPATIBLE = ip_network("::/96")  # IPv4-compatible (RFC 4291), given up; ::1 lies in it
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # upper half of the interface identifier (RFC 5214)
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_LONGEST_NAME = 253


def never(address: Address) -> bool:
    """True for what no list of networks may allow; loopback is not among it."""
    if address in _METADATA:
        return True
    if isinstance(address, IPv4Address):
        return any(address in network for network in _NEVER_V4)
    if address.scope_id is not None or (address in _COMPATIBLE and not address.is_loopback):
        return True
    embeds = (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP
    return embeds or any(address in network for network in _NEVER_V6)


def literal(host: str) -> Address | None:
    """The address that a host is written as, in its one usual form; None for a name.

    Raises:
        ValueError: when it is neither. Decimal, octal, hexadecimal and short forms of IPv4 are none: readers differ
            over what they mean (WHATWG URL, section 3.5: a name whose last label is a number is no name).
    """
    bare = host.removeprefix("[").removesuffix("]") if host.startswith("[") and host.endswith("]") else host
    try:
        address = ip_address(bare)
    except ValueError:
        labels = host.split(".")
        name = len(host) <= _LONGEST_NAME and all(_LABEL.fullmatch(label) for label in labels)
        if not name or _NUMBER.fullmatch(labels[-1]):
            raise
        return None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise ValueError("a zone")
    return address


def resolved(host: str, port: int) -> tuple[Address, ...]:
    """Every address of a name, in the order in which they are to be tried; none where it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(_address(str(answer[4][0])) for answer in found))


def _address(text: str) -> Address:
    return ip_address(text)


def of_this_machine(address: Address) -> bool:
    """True for an address of one of this machine's interfaces."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


def same_peer(address: Address, owns: Iterable[Address]) -> bool:
    """True when the address is one of these, or both lead to this machine."""
    known = tuple(owns)
    if address in known:
        return True
    local = any(own.is_loopback or own.is_unspecified for own in known)
    return local and (address.is_loopback or of_this_machine(address))
