"""Publishes devices, events, jobs and documents over MQTT, with Home Assistant's discovery."""

from __future__ import annotations

from pagemeter import Factory, Output, hookimpl


@hookimpl
def pagemeter_outputs() -> list[Factory[Output]]:
    """Offer ``mqtt``."""
    from pagemeter_plugins.mqtt.output import MqttOutput  # imported only where it is used
    from pagemeter_plugins.mqtt.settings import MqttSettings

    return [Factory("mqtt", MqttSettings, MqttOutput)]
