"""What a merge means outside of the inventory: for outputs, after a kill, on a full disk, for other agents."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pagemeter.component import Batch, Feed, Form
from pagemeter.errors import StoreError
from pagemeter.model import DevicesMerged, Document, Event
from pagemeter.outbox import Subscription

BARE = {"words": "RICOH SP 9001", "pages": 100}
NAMED = {"words": "RICOH SP 9001", "pages": 200, "serial": "3001X000009"}
Make = Callable[[Mapping[str, Any]], Any]


class Receiver:
    """Keeps what it is handed."""

    def __init__(self) -> None:
        self.documents: list[Document] = []

    async def deliver(self, batch: Batch) -> None:
        self.documents += batch.documents

    @property
    def merges(self) -> list[tuple[str | None, str]]:
        bodies = [document.body for document in self.documents]
        events = [body for body in bodies if isinstance(body, Event)]
        return [(event.device, event.facts.alias) for event in events if isinstance(event.facts, DevicesMerged)]


async def two_entries(site: Any, printer: Make) -> tuple[str, str]:
    """Let a site know one printer under two ids; returns the older and the younger."""
    site.plug({"A": [printer(BARE)]})
    await site.look(["A"])
    (older,) = (entry.latest.device.id for entry in site.fleet())
    site.plug({"B": [printer(NAMED)]})
    await site.look(["B"])
    (younger,) = (entry.latest.device.id for entry in site.fleet() if entry.latest.device.id != older)
    return older, younger


@pytest.mark.parametrize("form", Form)
async def test_a_merge_reaches_outputs_of_every_form_once_and_with_both_ids(
    form: Form, site: Any, printer: Make
) -> None:
    here = await site()
    older, younger = await two_entries(here, printer)
    receiver = Receiver()
    feed = Subscription(output="fake", feed=Feed(name="all", form=form), deliver=receiver.deliver)
    await here.agent.outbox.drain([feed])
    here.plug({"A": [printer(NAMED)]})
    await here.look(["A"])
    for _ in range(2):
        await here.agent.outbox.drain([feed])
    assert receiver.merges == [(older, younger)]


async def test_a_merge_stands_in_the_files_of_the_day(site: Any, printer: Make) -> None:
    here = await site()
    older, younger = await two_entries(here, printer)
    here.plug({"A": [printer(NAMED)]})
    await here.look(["A"])
    assert await here.agent.feeding.drain(here.agent.outputs) == {}
    (day,) = (here.path.parent / "out").glob("documents-*.jsonl")
    lines = [json.loads(line) for line in day.read_text("utf-8").splitlines()]
    merges = [line["body"] for line in lines if line["body"].get("facts", {}).get("kind") == "devices-merged"]
    assert [(merge["device"], merge["facts"]["alias"]) for merge in merges] == [(older, younger)]


async def test_a_merge_is_told_before_what_the_device_that_stays_did(site: Any, printer: Make) -> None:
    here = await site()
    older, _ = await two_entries(here, printer)
    here.plug({"A": [printer(NAMED)]})
    here.happened()
    await here.look(["A"])
    kinds = [event.kind for event in here.happened() if event.device == older]
    assert kinds[0] == "devices-merged"
    (entry,) = here.fleet()
    assert (entry.latest.device.serial_number, entry.latest.device.id) == ("3001X000009", older)


async def test_an_agent_killed_before_a_merge_was_kept_makes_the_same_merge_again(site: Any, printer: Make) -> None:
    here = await site()
    older, younger = await two_entries(here, printer)
    here.plug({"A": [printer(NAMED)]})
    await here.failing()
    with pytest.raises(StoreError):
        await here.look(["A"])
    assert (len(here.fleet()), here.aliases()) == (2, {})
    await here.begin()
    await here.look(["A"])
    assert here.aliases() == {younger: older}
    merged = [event for event in here.events() if isinstance(event.facts, DevicesMerged)]
    assert len(merged) == 1


async def test_a_given_up_id_leads_to_the_device_in_every_agent_that_follows(site: Any, printer: Make) -> None:
    here = await site()
    older, younger = await two_entries(here, printer)
    here.plug({"A": [printer(NAMED)]})
    await here.look(["A"])
    await here.begin()
    assert here.agent.inventory.place_of(younger) == here.agent.inventory.place_of(older) is not None
    assert [entry.latest.device.id for entry in here.agent.store.fleet_of({younger})] == [older]


async def test_what_each_of_two_entries_knew_is_known_of_the_one_that_stays(site: Any, printer: Make) -> None:
    here = await site()
    older, _ = await two_entries(here, printer)
    here.plug({"A": [printer(NAMED)]})
    # A look for alerts reads no meters: those of the entry that is given up must not be lost with it.
    await here.look(["A"], alerts=True)
    (entry,) = here.fleet()
    assert entry.latest.device.id == older
    assert [read.value for read in entry.latest.meter_reads] == [200]
    assert entry.first_seen < entry.last_success


async def test_two_sites_with_the_same_private_addresses_have_an_agent_each_and_no_id_in_common(
    site: Any, printer: Make
) -> None:
    """One agent reaches an address once; the same ranges of two sites need two agents, whose documents never meet."""
    north, south = await site(folder="north"), await site(folder="south")
    ids, keys = [], []
    for here, told in ((north, BARE), (south, {**BARE, "pages": 999})):
        here.plug({"A": [printer(told)]})
        await here.look(["A"])
        ids += [entry.latest.device.id for entry in here.fleet()]
        keys += [here.agent.store.agent]
    assert len(set(ids)) == len(set(keys)) == 2


async def test_the_site_of_the_network_stands_in_the_documents_and_goes_with_a_move(site: Any, printer: Make) -> None:
    here = await site()
    told = []
    for place in ("A", "E"):
        here.plug({place: [printer(NAMED)]})
        await here.look(["A", "E"])
        told.append(here.snapshots()[-1].device.site)
    assert told == ["Plant 1", "Plant 2"]
    assert len(here.fleet()) == 1


async def test_both_addresses_of_a_printer_with_two_are_in_its_documents(site: Any, printer: Make) -> None:
    here = await site()
    macs = ("00:26:73:00:00:01", "00:26:73:00:00:02")
    two = {**NAMED, "macs": macs}
    here.plug({"A": [printer(two)], "B": [printer(two)]})
    for _ in range(2):
        await here.look(["A", "B"])
    (entry,) = here.fleet()
    assert entry.latest.device.addresses == ("127.46.0.2", "127.46.0.1")
    assert set(entry.latest.device.macs) == set(macs)
