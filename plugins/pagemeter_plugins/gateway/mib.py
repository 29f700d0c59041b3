"""The columns that are read, all below ``ip`` (RFC 1213, RFC 4292, RFC 4293) and ``interfaces`` (RFC 2863)."""

from __future__ import annotations

from pagemeter.snmp.types import Oid, oid

IP_AD_ENT_IF_INDEX: Oid = oid("1.3.6.1.2.1.4.20.1.2")
IP_AD_ENT_NET_MASK: Oid = oid("1.3.6.1.2.1.4.20.1.3")
IP_ADDRESS_PREFIX: Oid = oid("1.3.6.1.2.1.4.34.1.5")
ADDRESSES = (IP_AD_ENT_NET_MASK, IP_AD_ENT_IF_INDEX, IP_ADDRESS_PREFIX)

# What ipAddressPrefix points to: a row of ipAddressPrefixTable.
IP_ADDRESS_PREFIX_ORIGIN: Oid = oid("1.3.6.1.2.1.4.32.1.5")

INET_CIDR_ROUTE_NUMBER: Oid = oid("1.3.6.1.2.1.4.24.6.0")
IP_CIDR_ROUTE_NUMBER: Oid = oid("1.3.6.1.2.1.4.24.3.0")
ROUTE_NUMBERS = (INET_CIDR_ROUTE_NUMBER, IP_CIDR_ROUTE_NUMBER)

INET_CIDR_ROUTE_TYPE: Oid = oid("1.3.6.1.2.1.4.24.7.1.8")
IP_CIDR_ROUTE_TYPE: Oid = oid("1.3.6.1.2.1.4.24.4.1.6")
IP_ROUTE_NEXT_HOP: Oid = oid("1.3.6.1.2.1.4.21.1.7")
IP_ROUTE_TYPE: Oid = oid("1.3.6.1.2.1.4.21.1.8")
IP_ROUTE_MASK: Oid = oid("1.3.6.1.2.1.4.21.1.11")

# The newest first. Destination and mask stand in the index of the first two, so that one small column tells all.
ROUTE_TABLES: tuple[tuple[str, tuple[Oid, ...]], ...] = (
    ("inetCidrRouteTable", (INET_CIDR_ROUTE_TYPE,)),
    ("ipCidrRouteTable", (IP_CIDR_ROUTE_TYPE,)),
    ("ipRouteTable", (IP_ROUTE_MASK, IP_ROUTE_NEXT_HOP, IP_ROUTE_TYPE)),
)

ROUTE_INTERFACES: dict[str, Oid] = {
    "inetCidrRouteTable": oid("1.3.6.1.2.1.4.24.7.1.7"),
    "ipCidrRouteTable": oid("1.3.6.1.2.1.4.24.4.1.5"),
    "ipRouteTable": oid("1.3.6.1.2.1.4.21.1.2"),
}

NET_TO_MEDIA_PHYS_ADDRESS: Oid = oid("1.3.6.1.2.1.4.22.1.2")
NET_TO_MEDIA_TYPE: Oid = oid("1.3.6.1.2.1.4.22.1.4")
NET_TO_PHYSICAL_PHYS_ADDRESS: Oid = oid("1.3.6.1.2.1.4.35.1.4")
NET_TO_PHYSICAL_TYPE: Oid = oid("1.3.6.1.2.1.4.35.1.6")
NET_TO_PHYSICAL_STATE: Oid = oid("1.3.6.1.2.1.4.35.1.7")
NET_TO_PHYSICAL = (NET_TO_PHYSICAL_PHYS_ADDRESS, NET_TO_PHYSICAL_TYPE, NET_TO_PHYSICAL_STATE)
NET_TO_MEDIA = (NET_TO_MEDIA_PHYS_ADDRESS, NET_TO_MEDIA_TYPE)

IF_DESCR: Oid = oid("1.3.6.1.2.1.2.2.1.2")
IF_OPER_STATUS: Oid = oid("1.3.6.1.2.1.2.2.1.8")
IF_NAME: Oid = oid("1.3.6.1.2.1.31.1.1.1.1")
INTERFACES = (IF_NAME, IF_DESCR, IF_OPER_STATUS)
