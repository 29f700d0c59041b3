"""A configuration as it is loaded from the disk, and what becomes of it."""

from __future__ import annotations

import os
from datetime import time, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from pagemeter.config import AgentConfig, load_config, parse_config
from pagemeter.config.build import credentials_of, fence_of
from pagemeter.config.notation import Weekday
from pagemeter.errors import AccessDenied, ConfigError
from pagemeter.net.credentials import Auth, Priv, SnmpVersion
from pagemeter.plugins import Kind

PLAN = """\
agent:    {site: Head office, state: /var/lib/pagemeter, packets_per_second: 500}
networks:
  - {network: 10.20.0.0/16, site: Plant 2, packets_per_second: 200, quiet: "22:00-06:00", never: [10.20.1.1]}
  - {network: local}
credentials:
  - {networks: [10.20.0.0/16], snmp: {version: 3, user: meter,
                                      auth: {sha256: !secret auth}, priv: {aes128: !secret priv}}}
  - {networks: [local],        snmp: {version: 2c, community: public}}
discoveries:
  - {plugin: sweep, ranges: [10.20.0.0/22, 10.20.30.10-10.20.30.90], on: [mon, thu], at: "02:00"}
readers:
  - {plugin: printer_mib}
cycles:   {meters: {every: 15m}, alerts: {every: 15m}, jobs: {every: 5m}, local: {every: 30m}, status: {every: 15m}}
outputs:
  - {plugin: https_xml, name: head-office, url: https://meters.example/report, token: !secret token,
     every: 2h, mask: [contact]}
  - {plugin: mqtt, host: broker.lan, home_assistant: true}
"""
SECRETS = {"auth": "canary-auth", "priv": "canary-priv", "token": "canary-token"}


def plan(catalog: Any) -> AgentConfig:
    return parse_config(PLAN, "plan.yaml", environ={}, catalog=catalog, secrets=SECRETS)


def test_the_example_of_the_plan_loads(catalog: Any) -> None:
    config = plan(catalog)
    assert config.agent.site == "Head office"
    assert config.agent.state == Path("/var/lib/pagemeter")
    first, second = config.networks
    assert first.network == ip_network("10.20.0.0/16")
    assert (first.packets_per_second, first.quiet, first.never) == (200, "22:00-06:00", (ip_address("10.20.1.1"),))
    assert second.network == "local"
    (sweep,) = config.discoveries
    assert sweep.schedule is not None
    assert (sweep.schedule.every, sweep.schedule.on, sweep.schedule.at) == (None, (Weekday.MON, Weekday.THU), time(2))
    assert sweep.schedule.weekdays == {0, 3}
    office, mqtt = config.outputs
    assert (office.kind, office.plugin, office.name, office.where) == (
        Kind.OUTPUT,
        "https_xml",
        "head-office",
        "plan.yaml:15",
    )
    assert office.mask == ("contact",)
    assert office.schedule is not None
    assert office.schedule.every == timedelta(hours=2)
    assert mqtt.name == "mqtt"
    assert mqtt.settings is not None
    assert mqtt.settings.model_dump()["port"] == 1883


def test_only_named_plugins_are_asked_for(catalog: Any) -> None:
    asked: list[str] = []

    def remembered(named: Any) -> Any:
        asked.extend(named)
        return catalog(asked)

    parse_config(PLAN, "plan.yaml", environ={}, catalog=remembered, secrets=SECRETS)
    assert asked == ["https_xml", "mqtt", "printer_mib", "sweep"]


def test_a_secret_does_not_print(catalog: Any) -> None:
    config = plan(catalog)
    assert "canary" not in repr(config)
    assert "canary" not in repr([item.settings for item in config.items])
    assert "canary" not in repr(config.credentials)
    assert "canary" not in repr(credentials_of(config, local=list))


def test_a_secret_in_an_open_setting_does_not_print_with_its_item(catalog: Any) -> None:
    text = "outputs: [{plugin: https_xml, url: !secret url}]\n"
    config = parse_config(text, "a.yaml", environ={}, catalog=catalog, secrets={"url": "https://x/canary"})
    assert config.outputs[0].settings is not None
    assert config.outputs[0].settings.model_dump()["url"] == "https://x/canary"
    assert "canary" not in repr(config)


def test_what_is_not_said_has_its_default(catalog: Any) -> None:
    networks = "networks: [{network: local}]\n"
    text = networks + "discoveries: [{plugin: sweep, ranges: [a]}]\noutputs:\nsources:\n- plugin: cups\n"
    config = parse_config(text, "a.yaml", environ={}, catalog=catalog)
    assert config.agent.packets_per_second == 500
    minutes = {name: cycle["every"] / timedelta(minutes=1) for name, cycle in config.cycles.model_dump().items()}
    assert minutes == {"meters": 15, "alerts": 15, "jobs": 5, "local": 30, "status": 15}
    assert config.discoveries[0].schedule is not None
    assert config.discoveries[0].schedule.every == timedelta(hours=12)
    assert config.sources[0].schedule is None
    assert config.outputs == ()


def test_a_cycle_that_is_switched_off_keeps_its_schedule(catalog: Any) -> None:
    text = 'cycles: {jobs: {enabled: false}, meters: {at: "03:30", on: [sun]}}\n'
    cycles = parse_config(text, "a.yaml", environ={}, catalog=catalog).cycles
    assert (cycles.jobs.enabled, cycles.jobs.every) == (False, timedelta(minutes=5))
    assert (cycles.meters.every, cycles.meters.at, cycles.meters.weekdays) == (None, time(3, 30), frozenset({6}))


@pytest.mark.parametrize("written", ["1", "'1'", "2c", '"2c"'])
def test_a_version_is_a_number_or_text(written: str, catalog: Any) -> None:
    snmp = f"{{version: {written}, community: c}}"
    text = f"networks: [{{network: local}}]\ncredentials: [{{networks: [local], snmp: {snmp}}}]\n"
    config = parse_config(text, "a.yaml", environ={}, catalog=catalog)
    assert config.credentials[0].snmp.version == written.strip("'\"")


def test_a_plugin_that_can_not_be_loaded_is_kept_with_its_reason(catalog: Any) -> None:
    text = "outputs:\n- {plugin: cracked, shape: vase, every: 1h}\n- plugin: headless\n- {plugin: mqtt, host: x}\n"
    cracked, headless, mqtt = parse_config(text, "a.yaml", environ={}, catalog=catalog).outputs
    assert (cracked.settings, cracked.broken) == (None, "can't be imported: no module named porcelain")
    assert (cracked.name, cracked.where) == ("cracked", "a.yaml:2")
    assert headless.broken == "no manifest"
    assert mqtt.broken is None


def test_a_variable_is_read_as_a_yaml_scalar(catalog: Any) -> None:
    text = "outputs: [{plugin: mqtt, host: !env HOST, port: !env PORT, home_assistant: !env HA}]\n"
    environ = {"HOST": "no", "PORT": "8883", "HA": "true"}
    config = parse_config(text, "a.yaml", environ=environ, catalog=catalog)
    assert config.outputs[0].settings is not None
    values = config.outputs[0].settings.model_dump()
    assert (values["host"], values["port"], values["home_assistant"]) == ("no", 8883, True)


def test_the_fence_is_made_of_the_networks(catalog: Any) -> None:
    fence = fence_of(plan(catalog), local=lambda: [ip_network("192.168.7.0/24"), ip_network("10.20.0.0/16")])
    assert [str(network.network) for network in fence.networks] == ["192.168.7.0/24", "10.20.0.0/16"]
    assert fence.check(ip_address("10.20.3.4"), 161).site == "Plant 2"
    assert fence.allows(ip_address("192.168.7.9"))
    with pytest.raises(AccessDenied):
        fence.check(ip_address("10.20.1.1"), 161)


def test_credentials_are_sent_to_their_networks_only(catalog: Any) -> None:
    credentials = credentials_of(plan(catalog), local=lambda: [ip_network("192.168.7.0/24")])
    (v3,) = credentials.snmp(ip_address("10.20.3.4"))
    assert (v3.version, v3.user, v3.auth, v3.priv) == (SnmpVersion.V3, "meter", Auth.SHA256, Priv.AES128)
    assert v3.auth_password is not None
    assert v3.auth_password.get_secret_value() == "canary-auth"
    assert v3.name == "credential 1 (SNMP 3, meter)"
    (v2c,) = credentials.snmp(ip_address("192.168.7.1"))
    assert (v2c.version, v2c.port) == (SnmpVersion.V2C, 161)
    assert credentials.snmp(ip_address("8.8.8.8")) == ()


def test_a_key_extension_with_a_dash_is_found_by_its_name(catalog: Any) -> None:
    login = "{version: 3, user: u, auth: {md5: abcdefgh}, priv: {aes256-c: hgfedcba}}"
    text = f"networks: [{{network: 10.0.0.0/8}}]\ncredentials: [{{networks: [10.0.0.0/8], snmp: {login}}}]\n"
    config = parse_config(text, "a.yaml", environ={}, catalog=catalog)
    (v3,) = credentials_of(config).snmp(ip_address("10.1.1.1"))
    assert (v3.auth, v3.priv) == (Auth.MD5, Priv.AES256_C)


# ---- the disk ----


def written(folder: Path, raw: bytes | str) -> Path:
    path = folder / "pagemeter.yaml"
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return path


def refusal(path: Path, catalog: Any, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ=environ, catalog=catalog)
    return str(caught.value).replace(str(path.parent), "FOLDER")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "FOLDER/pagemeter.yaml:1: this file is empty; "),
        (
            b"a: 1\nb: \0\n",
            "FOLDER/pagemeter.yaml:2: this is no UTF-8 text; is it the right file? If so, save it as UTF-8",
        ),
        (b"\x7fELF\x02\x01\x01\0\0", "FOLDER/pagemeter.yaml:1: this is no UTF-8 text; "),
        (b"agent:\n  site: M\xfcnchen\n", "FOLDER/pagemeter.yaml:2: this is no UTF-8 text; "),
        ("agent: {}".encode("utf-16"), "FOLDER/pagemeter.yaml:1: this is no UTF-8 text; "),
        (b"#" * (4 * 1024 * 1024 + 1), "FOLDER/pagemeter.yaml:1: this file is larger than 4 MiB; "),
    ],
)
def test_a_file_that_is_no_configuration_is_one_line(raw: bytes, message: str, tmp_path: Path, catalog: Any) -> None:
    found = refusal(written(tmp_path, raw), catalog)
    assert found.startswith(message)
    assert "\n" not in found


def test_a_missing_file_is_one_line(tmp_path: Path, catalog: Any) -> None:
    found = refusal(tmp_path / "absent.yaml", catalog)
    assert found == "FOLDER/absent.yaml:1: there is no such file; is the path right?"


def test_a_directory_is_one_line(tmp_path: Path, catalog: Any) -> None:
    (tmp_path / "conf").mkdir()
    assert refusal(tmp_path / "conf", catalog) == "FOLDER/conf:1: this is a directory; name the YAML file in it"


def test_an_unreadable_file_is_one_line(tmp_path: Path, catalog: Any) -> None:
    path = written(tmp_path, "agent: {}\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    what = "this can't be read by this user; give it the right to read"
    assert refusal(path, catalog) == f"FOLDER/pagemeter.yaml:1: {what}"


def test_a_file_below_a_file_is_one_line(tmp_path: Path, catalog: Any) -> None:
    found = refusal(written(tmp_path, "agent: {}\n") / "pagemeter.yaml", catalog)
    assert found == "FOLDER/pagemeter.yaml:1: this can't be read (Not a directory); is the path right?"


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, catalog: Any) -> None:
    path = written(tmp_path, "agent: {site: Büro}\r\n".encode("utf-8-sig"))
    assert load_config(path, environ={}, catalog=catalog).agent.site == "Büro"


# ---- secrets ----

NEEDS_TOKEN = "outputs:\n- plugin: https_xml\n  url: https://x\n  token: !secret token\n"


def token_of(config: AgentConfig) -> str:
    settings: Any = config.outputs[0].settings
    return str(settings.token.get_secret_value())


def secrets_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "secrets.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_secret_is_read_from_the_file_beside_the_configuration(tmp_path: Path, catalog: Any) -> None:
    secrets_file(tmp_path, "token: 00123\n")
    assert token_of(load_config(written(tmp_path, NEEDS_TOKEN), environ={}, catalog=catalog)) == "00123"


def test_a_systemd_credential_comes_before_the_file(tmp_path: Path, catalog: Any) -> None:
    secrets_file(tmp_path, "token: from the file\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "token").write_text("of-systemd\n", encoding="utf-8")
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert token_of(load_config(written(tmp_path, NEEDS_TOKEN), environ=environ, catalog=catalog)) == "of-systemd"


def test_a_missing_secret_says_where_to_write_it(tmp_path: Path, catalog: Any) -> None:
    path = written(tmp_path, NEEDS_TOKEN)
    where = "FOLDER/pagemeter.yaml:4: outputs[0].token: the secret token is missing; write `token: ...` into"
    assert refusal(path, catalog) == f"{where} FOLDER/secrets.yaml (mode 0600)"
    secrets_file(tmp_path, "tokn: canary\n")
    assert refusal(path, catalog) == f"{where} FOLDER/secrets.yaml"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_secrets_that_others_can_touch_are_refused(mode: int, tmp_path: Path, catalog: Any) -> None:
    secrets_file(tmp_path, "token: canary\n", mode)
    found = refusal(written(tmp_path, NEEDS_TOKEN), catalog)
    assert found == (
        "FOLDER/pagemeter.yaml:4: outputs[0].token: the secret token can't be read: "
        f"FOLDER/secrets.yaml is open to other users (mode {mode:04o}); run `chmod 600 FOLDER/secrets.yaml`"
    )


def test_broken_secrets_are_one_line_without_a_secret(tmp_path: Path, catalog: Any) -> None:
    secrets_file(tmp_path, "other: x\ntoken: @canary\n")
    found = refusal(written(tmp_path, NEEDS_TOKEN), catalog)
    assert found == (
        "FOLDER/pagemeter.yaml:4: outputs[0].token: the secret token can't be read: "
        "FOLDER/secrets.yaml:2: a value can't begin with this character; put it in quotes"
    )


@pytest.mark.parametrize("name", ["../token", "/etc/passwd", "a b", ".", "''"])
def test_a_secret_has_a_plain_name(name: str, tmp_path: Path, catalog: Any) -> None:
    found = refusal(
        written(tmp_path, f"agent: {{site: !secret {name}}}\n"), catalog, CREDENTIALS_DIRECTORY=str(tmp_path)
    )
    what = "!secret takes one name of letters, digits, _ . and -, such as !secret token"
    assert found == f"FOLDER/pagemeter.yaml:1: agent.site: {what}"


def test_secrets_are_not_touched_where_none_is_asked_for(tmp_path: Path, catalog: Any) -> None:
    secrets_file(tmp_path, "\0", 0o666)
    assert load_config(written(tmp_path, "agent: {site: x}\n"), environ={}, catalog=catalog).agent.site == "x"
