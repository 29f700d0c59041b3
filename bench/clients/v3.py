"""SNMPv3 authPriv GETs against snmpd, so many in flight; {"addresses", "port", "requests", "at_once"} come as JSON."""

from __future__ import annotations

import asyncio
from typing import Any

from measuring import Meter, arguments, tell
from ours import engine, target
from pydantic import SecretStr

from pagemeter.errors import DeviceError
from pagemeter.net.credentials import Auth, Priv, SnmpCredential, SnmpVersion
from pagemeter.root import calm_collector, run_root
from pagemeter.snmp.types import oid

SYSTEM = tuple(oid(f"1.3.6.1.2.1.1.{number}.0") for number in (1, 2, 5))


async def main(given: dict[str, Any]) -> None:
    user = SnmpCredential(
        name="bench",
        version=SnmpVersion.V3,
        user=given["user"],
        auth=Auth.SHA256,
        auth_password=SecretStr(given["auth"]),
        priv=Priv.AES128,
        priv_password=SecretStr(given["priv"]),
        port=given["port"],
    )
    targets = [target(address, given["port"]) for address in given["addresses"]]
    seats = asyncio.Semaphore(given["at_once"])
    async with engine("127.0.0.0/8", user) as snmp:

        async def ask(number: int) -> int:
            async with seats:
                try:
                    return len(await snmp.get(targets[number % len(targets)], SYSTEM))
                except DeviceError:
                    return 0

        # The first question to each engine learns its id, its clock and the keys.
        await asyncio.gather(*(ask(number) for number in range(len(targets))))
        meter = Meter()
        values = await asyncio.gather(*(ask(number) for number in range(given["requests"])))
        measured = meter.read()
    tell(lost=sum(value < len(SYSTEM) for value in values), requests=len(values), **measured)


if __name__ == "__main__":
    calm_collector()
    run_root(main(arguments()))
