"""The output against mosquitto: what is published, kept, promised and taken back."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pagemeter import Batch
from pagemeter.errors import DeliveryError, TooLarge
from pagemeter.model import (
    DeviceFound,
    DeviceMoved,
    DevicesMerged,
    DeviceState,
    Document,
    Event,
    FleetEntry,
    JobRecord,
    Supply,
)
from pagemeter.testing import FakeServices
from pagemeter.wire import from_json
from pagemeter_plugins.mqtt.output import DOCUMENTS, STATE, MqttOutput
from pagemeter_plugins.mqtt.session import BUTTON_SCOPES
from pagemeter_plugins.mqtt.settings import MqttSettings

pytestmark = pytest.mark.peer

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
FOUND = Event(device="d1", at=NOW, facts=DeviceFound(address="10.0.0.7"))
ROOT = "pagemeter/agent-1"
CONFIG = "homeassistant/device/pagemeter_agent-1/d1/config"

BatchOf = Callable[..., Batch]
EntryOf = Callable[..., FleetEntry]
TonerOf = Callable[[int | None], Supply]


@asynccontextmanager
async def running(services: FakeServices, broker: Any, **settings: object) -> AsyncIterator[MqttOutput]:
    """The output, with its background as the supervisor runs it."""
    output = MqttOutput(MqttSettings.model_validate(broker.settings | settings), services)
    async with output:
        serving = asyncio.create_task(output.serve())
        try:
            yield output
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_a_device_is_published_and_kept(
    broker: Any, services: FakeServices, batch_of: BatchOf, entry_of: EntryOf, version: str
) -> None:
    async with running(services, broker, version=version) as output:
        await output.deliver(batch_of(STATE, fleet=(entry_of(),)))
    async with broker.listener() as listener:
        state = listener.last(f"{ROOT}/device/d1/state")
        values = json.loads(listener.last(f"{ROOT}/device/d1/values")["payload"])
    assert state["retain"] == 1
    document = json.loads(state["payload"])
    assert (document["v"], document["type"]) == (1, "device")
    assert from_json(FleetEntry, json.dumps(document["body"])) == entry_of()
    assert values["meter_total_any_any_any_impressions"] == 12345
    assert (values["supply_1_1"], values["status"], values["problem"]) == (33, "error", "ON")
    assert listener.last(f"{ROOT}/availability")["payload"] == "offline"


async def test_two_outputs_to_one_broker_do_not_throw_each_other_out(
    broker: Any, services: FakeServices, batch_of: BatchOf, entry_of: EntryOf
) -> None:
    async with running(services, broker) as one, running(services, broker, topic="site/17") as other:
        for _ in range(2):
            await one.deliver(batch_of(STATE, fleet=(entry_of(),)))
            await other.deliver(batch_of(STATE, fleet=(entry_of(),)))
        async with broker.listener() as listener:
            assert listener.last(f"{ROOT}/availability")["payload"] == "online"
            assert listener.last("site/17/agent-1/availability")["payload"] == "online"


async def test_events_and_jobs_go_to_topics_of_their_own_and_every_document_where_it_is_wanted(
    broker: Any, services: FakeServices, batch_of: BatchOf, entry_of: EntryOf
) -> None:
    job = JobRecord(id="j1", device="d1", state="completed")
    batch = batch_of(DOCUMENTS, entry_of().latest, FOUND, job)
    async with broker.listener() as listener, running(services, broker, documents=True) as output:
        await output.deliver(batch)
        await listener.until(lambda message: message["topic"] == f"{ROOT}/documents" and '"j1"' in message["payload"])
    assert from_json(Document, listener.last(f"{ROOT}/device/d1/event")["payload"]) == batch.documents[1]
    assert from_json(Document, listener.last(f"{ROOT}/job")["payload"]) == batch.documents[2]
    stream = [m["payload"] for m in listener.messages if m["topic"] == f"{ROOT}/documents"]
    assert tuple(from_json(Document, payload) for payload in stream) == batch.documents


async def test_the_broker_says_that_we_are_offline_when_we_are_killed(
    broker: Any, tmp_path: Path, services: FakeServices
) -> None:
    program = (
        "import asyncio, sys\n"
        "from pagemeter.clock import SystemClock\n"
        "from pagemeter.testing import FakeServices\n"
        "from pagemeter_plugins.mqtt.output import MqttOutput\n"
        "from pagemeter_plugins.mqtt.settings import MqttSettings\n"
        "async def main():\n"
        "    settings = MqttSettings(host='127.0.0.1', port=int(sys.argv[1]))\n"
        "    async with MqttOutput(settings, FakeServices(clock=SystemClock())) as output:\n"
        "        await output.serve()\n"
        "asyncio.run(main())\n"
    )
    async with broker.listener() as listener:
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(broker.port))
        try:
            online = await listener.on(f"{ROOT}/availability")
        finally:
            child.kill()
            await child.wait()
        offline = await listener.on(f"{ROOT}/availability")
    assert (online["payload"], offline["payload"]) == ("online", "offline")


async def test_a_broker_that_forgot_everything_is_reminded(
    broker: Any, services: FakeServices, batch_of: BatchOf, entry_of: EntryOf
) -> None:
    async with running(services, broker, home_assistant=True) as output:
        await output.deliver(batch_of(STATE, fleet=(entry_of(),)))
        broker.kill()
        await broker.start()
        async with broker.listener() as listener:
            while not all(listener.last(t) for t in (CONFIG, f"{ROOT}/device/d1/state", f"{ROOT}/device/d1/values")):
                await asyncio.wait_for(listener.next(), 20)


async def test_nothing_is_lost_with_an_acknowledgement_when_the_broker_is_killed_in_the_middle(
    broker: Any, services: FakeServices, batch_of: BatchOf
) -> None:
    """A back end that stores what it got and only then says so; the broker dies twice and forgets what it queued."""
    stored: list[str] = []
    delivered: list[str] = []

    async def back_end(listener: Any) -> None:
        while True:
            message = json.loads((await listener.next())["payload"])
            stored.extend(str(document["key"]["seq"]) for document in message["documents"])
            try:
                await broker.publish(f"{ROOT}/ack", json.dumps({"id": message["id"], "count": message["count"]}))
            except AssertionError:
                continue

    async def deliver(output: MqttOutput, number: int) -> None:
        """As the outbox does it: again until it is delivered."""
        [document] = batch_of(DOCUMENTS, FOUND).documents
        documents = (replace(document, key=replace(document.key, seq=number)),)
        batch = replace(batch_of(DOCUMENTS, id=f"batch-{number}"), documents=documents)
        while True:
            try:
                await output.deliver(batch)
            except DeliveryError:
                await asyncio.sleep(0.05)
            else:
                delivered.append(str(number))
                return

    options = ("-t", f"{ROOT}/batch/#", "-c", "-i", "back-end")
    async with (
        broker.listener(*options) as listener,
        running(services, broker, acknowledge=True, acknowledge_within="1s") as output,
    ):
        receiving = asyncio.create_task(back_end(listener))
        for number in range(60):
            if number in (20, 40):
                broker.kill()
                restart = asyncio.create_task(broker.start())
            await deliver(output, number)
        await restart
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
    assert delivered == [str(number) for number in range(60)]
    assert set(delivered) <= set(stored)


async def test_without_the_back_end_nothing_counts_as_delivered(
    broker: Any, services: FakeServices, batch_of: BatchOf
) -> None:
    async with running(services, broker, acknowledge=True, acknowledge_within="1s") as output:
        with pytest.raises(DeliveryError, match="did not acknowledge it on pagemeter/agent-1/ack within 1 s") as caught:
            await output.deliver(batch_of(DOCUMENTS, FOUND))
    assert caught.value.accepted == ()


async def test_an_acknowledgement_of_something_else_counts_for_nothing(
    broker: Any, services: FakeServices, batch_of: BatchOf
) -> None:
    async with broker.listener() as listener, running(services, broker, acknowledge="site/ack") as output:
        delivery = asyncio.create_task(output.deliver(batch_of(DOCUMENTS, FOUND)))
        await listener.on(f"{ROOT}/batch/documents")
        for payload in ("not JSON", "[" * 3000, '{"id": ["batch-1"]}', '{"id": "another"}'):
            await broker.publish("site/ack", payload)
        await broker.publish("site/ack", '{"id": "batch-1", "count": 2}')
        with pytest.raises(DeliveryError, match="acknowledges another count"):
            await delivery


async def test_a_late_acknowledgement_counts_at_the_next_try(
    broker: Any, services: FakeServices, batch_of: BatchOf
) -> None:
    async with broker.listener() as listener:
        async with running(services, broker, acknowledge=True, acknowledge_within="1s") as output:
            with pytest.raises(DeliveryError):
                await output.deliver(batch_of(DOCUMENTS, FOUND))
            await broker.publish(f"{ROOT}/ack", '{"id": "batch-1"}')
            await output.deliver(batch_of(DOCUMENTS, FOUND))
        await listener.until(lambda message: message["payload"] == "offline")
    assert len([message for message in listener.messages if message["topic"] == f"{ROOT}/batch/documents"]) == 1


async def test_a_button_asks_for_a_read_and_nothing_else_does(
    broker: Any, services: FakeServices, batch_of: BatchOf, entry_of: EntryOf
) -> None:
    await broker.publish(f"{ROOT}/device/kept/read", "read", "-r")
    async with running(services, broker) as output:
        await output.deliver(batch_of(STATE, fleet=(entry_of(),)))
        await broker.publish(f"{ROOT}/device/long/read", "x" * 1000)
        await broker.publish(f"{ROOT}/device/d1/read", "read")
        await broker.publish(f"{ROOT}/device/d1/state", "read")
        # The broker hands us what came before it takes what comes after.
        await output.deliver(batch_of(DOCUMENTS, FOUND))
    assert services.reads == [("d1", BUTTON_SCOPES, "a button, over MQTT")]


async def test_entities_appear_vanish_and_are_removed_by_name_even_after_a_restart(
    broker: Any, services: FakeServices, batch_of: BatchOf, entry_of: EntryOf
) -> None:
    async with broker.listener() as listener:
        async with running(services, broker, home_assistant=True) as output:
            await output.deliver(batch_of(STATE, fleet=(entry_of(),)))
            first = json.loads((await listener.on(CONFIG))["payload"])["cmps"]
        async with running(services, broker, home_assistant=True) as output:
            await output.deliver(batch_of(STATE, fleet=(entry_of(supplies=entry_of().latest.supplies[:1]),)))
            second = json.loads((await listener.on(CONFIG))["payload"])["cmps"]
            await output.deliver(batch_of(STATE, fleet=(entry_of(supplies=entry_of().latest.supplies[:1]),)))
            third = json.loads((await listener.on(CONFIG))["payload"])["cmps"]
    assert {"supply_1_1", "supply_1_1_state", "supply_1_2_state"} <= first.keys()
    assert "supply_1_2" not in first
    assert second["supply_1_2_state"] == {"p": "sensor"}
    assert second["supply_1_1"] == first["supply_1_1"]
    assert third.keys() == second.keys() - {"supply_1_2_state"}


async def test_a_level_that_is_no_number_for_a_while_keeps_its_entity(
    broker: Any, services: FakeServices, batch_of: BatchOf, entry_of: EntryOf, toner: TonerOf
) -> None:
    async with broker.listener() as listener, running(services, broker, home_assistant=True) as output:
        await output.deliver(batch_of(STATE, fleet=(entry_of(supplies=(toner(None),)),)))
        before = json.loads((await listener.on(CONFIG))["payload"])["cmps"]
        await output.deliver(batch_of(STATE, fleet=(entry_of(supplies=(toner(40),)),)))
        known = json.loads((await listener.on(CONFIG))["payload"])["cmps"]
        await output.deliver(batch_of(STATE, fleet=(entry_of(supplies=(toner(None),)),)))
        await output.deliver(batch_of(DOCUMENTS, FOUND))
        await listener.on(f"{ROOT}/device/d1/event")
    assert "supply_1_1" not in before
    assert json.loads(listener.last(CONFIG)["payload"])["cmps"] == known
    values = json.loads(listener.last(f"{ROOT}/device/d1/values")["payload"])
    assert (values["supply_1_1"], values["supply_1_1_state"]) == (None, "some-remaining")


@pytest.mark.parametrize("how", ["merged", "retired"])
async def test_a_device_that_is_given_up_is_forgotten_by_the_broker(
    broker: Any, services: FakeServices, batch_of: BatchOf, entry_of: EntryOf, how: str
) -> None:
    async with running(services, broker, home_assistant=True) as output:
        await output.deliver(batch_of(STATE, fleet=(entry_of(),)))
        if how == "merged":
            await output.deliver(batch_of(DOCUMENTS, Event(device="d0", at=NOW, facts=DevicesMerged(alias="d1"))))
        else:
            retired = replace(entry_of().latest.device, state=DeviceState.RETIRED)
            await output.deliver(batch_of(STATE, fleet=(entry_of(device=retired),)))
    async with broker.listener() as listener:
        kept = {message["topic"] for message in listener.messages if message["retain"]}
    assert kept == {f"{ROOT}/availability", "homeassistant/device/pagemeter_agent-1/agent/config"}


async def test_home_assistant_gets_everything_again_when_it_starts(
    broker: Any, services: FakeServices, batch_of: BatchOf, entry_of: EntryOf
) -> None:
    async with running(services, broker, home_assistant=True) as output:
        await output.deliver(batch_of(STATE, fleet=(entry_of(),)))
        async with broker.listener() as listener:
            listener.messages.clear()
            await broker.publish("homeassistant/status", "online")
            for topic in (CONFIG, f"{ROOT}/device/d1/values"):
                assert (await listener.on(topic))["retain"] == 0


async def test_hostile_text_reaches_no_topic(
    broker: Any, services: FakeServices, batch_of: BatchOf, entry_of: EntryOf, toner: TonerOf
) -> None:
    hostile = "a/+/#\x00{{ states }}'\"<b>" + "x" * 65536
    latest = entry_of().latest
    device = replace(latest.device, name=hostile, model=hostile, serial_number=hostile, addresses=(hostile, "fe80::1"))
    entry = entry_of(
        device=device,
        meter_reads=tuple(replace(read, media=hostile, code=hostile) for read in latest.meter_reads),
        supplies=(replace(toner(5), index=hostile, description=hostile, type=None),),
    )
    async with broker.listener() as listener:
        async with running(services, broker, home_assistant=True) as output:
            await output.deliver(batch_of(STATE, fleet=(entry,)))
        await listener.until(lambda message: message["payload"] == "offline")
    topics = {message["topic"] for message in listener.messages if message["topic"] != "test/ready"}
    assert topics == {
        CONFIG,
        "homeassistant/device/pagemeter_agent-1/agent/config",
        f"{ROOT}/learned",
        f"{ROOT}/availability",
        f"{ROOT}/device/d1/state",
        f"{ROOT}/device/d1/values",
    }
    config = json.loads(listener.last(CONFIG)["payload"])
    assert "cu" not in config["dev"]
    templates = [component["val_tpl"] for component in config["cmps"].values() if "val_tpl" in component]
    assert [t for t in templates if not re.fullmatch(r"\{\{ value_json\.get\('[\w-]+'\) \}\}", t)] == []


async def test_a_publication_that_the_broker_refuses_is_owed(
    broker_with: Callable[..., Awaitable[Any]], tmp_path: Path, services: FakeServices, batch_of: BatchOf
) -> None:
    """MQTT 5 tells it in the PUBACK; in 3.1.1 a broker can't."""
    (tmp_path / "acl").write_text(f"topic read #\ntopic write {ROOT}/availability\ntopic write {ROOT}/job\n")
    broker = await broker_with(f"acl_file {tmp_path / 'acl'}")
    job = JobRecord(id="j1")
    batch = batch_of(DOCUMENTS, job, FOUND)
    async with running(services, broker, version="5") as output:
        with pytest.raises(DeliveryError, match=r"does not take it \(Not authorized\)") as caught:
            await output.deliver(batch)
    assert caught.value.accepted == (batch.documents[0],)


async def test_a_message_that_is_too_large_for_the_broker_halves_the_batch(
    broker_with: Callable[..., Awaitable[Any]], services: FakeServices, batch_of: BatchOf, entry_of: EntryOf
) -> None:
    broker = await broker_with("max_packet_size 1000")
    async with running(services, broker, version="5", documents=True) as output:
        with pytest.raises(TooLarge, match="raise its limit"):
            await output.deliver(batch_of(DOCUMENTS, entry_of().latest))
        await output.deliver(batch_of(DOCUMENTS, FOUND))


async def test_a_moved_device_is_an_event_of_the_device(broker: Any, services: FakeServices, batch_of: BatchOf) -> None:
    moved = Event(device="d1", at=NOW, facts=DeviceMoved(old_address="10.0.0.7", address="10.0.0.8"))
    async with broker.listener() as listener, running(services, broker, qos=0) as output:
        await output.deliver(batch_of(DOCUMENTS, moved))
        event = await listener.on(f"{ROOT}/device/d1/event")
    assert event["retain"] == 0
