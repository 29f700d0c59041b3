"""Simulated printers in a namespace: ``printers.py COMMUNITY BROADCAST ADDRESS=DEVICE...``; says ``ready``."""

from __future__ import annotations

import selectors
import socket
import sys
from dataclasses import replace

from pagemeter.simulator.device import SimulatedDevice
from pagemeter.simulator.fleet import load_device


def main(community: str, broadcast: str, *placed: str) -> None:
    """Answer at UDP port 161 of each address, and at the broadcast address of its network, until killed."""
    selector = selectors.DefaultSelector()
    for place in placed:
        address, _, name = place.partition("=")
        device = load_device(name)
        simulated = device.simulated(replace(device.behaviour, community=community))
        endpoint = bound(address)
        selector.register(endpoint, selectors.EVENT_READ, (simulated, endpoint))
        # A socket bound to an address hears no broadcasts; one bound to the broadcast address hears those alone.
        heard = bound(broadcast)
        selector.register(heard, selectors.EVENT_READ, (simulated, endpoint))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        for key, _ in selector.select():
            answer(key.fileobj, *key.data)


def answer(heard: object, device: SimulatedDevice, endpoint: socket.socket) -> None:
    """Answer one datagram from the device's own address."""
    assert isinstance(heard, socket.socket)
    data, sender = heard.recvfrom(65535)
    if (said := device.answer(data)) is not None:
        endpoint.sendto(said, sender)


def bound(address: str) -> socket.socket:
    """Open a socket at UDP port 161 of an address."""
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    endpoint.bind((address, 161))
    return endpoint


if __name__ == "__main__":
    main(*sys.argv[1:])
