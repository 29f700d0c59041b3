from __future__ import annotations

import subprocess
import sys


def test_without_paho_it_says_what_to_install() -> None:
    program = (
        "import asyncio, sys\n"
        "sys.modules['paho'] = None\n"
        "from pagemeter.testing import FakeServices\n"
        "from pagemeter_plugins.mqtt.output import MqttOutput\n"
        "from pagemeter_plugins.mqtt.settings import MqttSettings\n"
        "output = MqttOutput(MqttSettings(host='localhost'), FakeServices())\n"
        "try:\n"
        "    asyncio.run(output.__aenter__())\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "PluginError mqtt needs paho-mqtt: pip install 'pagemeter[mqtt]'\n"
