"""Broken configurations: every mistake is one line with file, line, key and remedy."""

from __future__ import annotations

from typing import Any

import pytest

from pagemeter.config import parse_config
from pagemeter.errors import ConfigError

NO_FIELD = "this is no field that can be masked, and no category (person, address, serial, free-text)"
NETWORKS = "networks: [{network: 10.20.0.0/16}]\n"


def mistakes(text: str, catalog: Any, environ: dict[str, str] | None = None, **secrets: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "pagemeter.yaml", environ=environ or {}, catalog=catalog, secrets=secrets)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("agnt: {}\n", "1: agnt: unknown key; did you mean agent?"),
        ("agent:\n  sitee: x\n", "2: agent.sitee: unknown key; did you mean site?"),
        ("agent: {packets_per_second: fast}\n", "1: agent.packets_per_second: this should be a number, is text"),
        ("agent: {packets_per_second: 0}\n", "1: agent.packets_per_second: this is less than 1"),
        ("agent: {packets_per_second: 50001}\n", "1: agent.packets_per_second: this is more than 50000"),
        ("agent: {bytes_per_second: 999}\n", "1: agent.bytes_per_second: this is less than 1000"),
        ("agent: {reads_at_once: 0}\n", "1: agent.reads_at_once: this is less than 1"),
        ("agent: {reads_at_once: 4.5}\n", "1: agent.reads_at_once: this should be a whole number, is a number"),
        ("agent: {site: 12}\n", "1: agent.site: this should be text, is a number; put it in quotes"),
        (
            "agent: {site: }\n",
            "1: agent.site: this should be text, is empty; write a value, or leave the key out",
        ),
        ("agent: x\n", "1: agent: this should be a mapping of keys to values, is text"),
        ("agent: {}\nagent: {}\n", "2: agent: this key appears twice, first in line 1; keep one of them"),
        ("agent: *a\n", "1: agent: aliases (*) are not taken; write the value out"),
        (
            "agent: {site: !secret site}\n",
            "1: agent.site: the secret site is missing; add it to the secrets",
        ),
        ("agent: {site: !env SITE}\n", "1: agent.site: the environment has no SITE; set it"),
        ("text\n", "1: this holds no settings; begin with a section such as `networks:`"),
        ("# nothing\n", "1: this holds no settings; begin with a section such as `networks:`"),
        (
            "networks:\n- network: 10.20.1.0/16\n",
            "2: networks[0].network: this network has bits behind its prefix; did you mean 10.20.0.0/16?",
        ),
        (
            "networks:\n- network: head office\n",
            "2: networks[0].network: this is no network; write it like 10.20.0.0/16, or `local`",
        ),
        ("networks:\n- site: x\n", "2: networks[0]: network is missing"),
        (
            "networks: [{network: local, quiet: 22-6}]\n",
            '1: networks[0].quiet: "22-6" is not written as this should be; write it like "22:00-06:00"',
        ),
        (
            "networks: [{network: local, never: [local]}]\n",
            "1: networks[0].never[0]: `local` can't be left alone; write an address or a network",
        ),
        (
            "networks: [{network: 10.0.0.0/8}, {network: 10.0.0.0/8}]\n",
            "1: networks[1].network: this network is listed already as networks[0]; keep one of them",
        ),
        (
            "cycles: {meters: {every: 1 hour}}\n",
            '1: cycles.meters.every: "1 hour" is not written as this should be; write it like 90s or 15m or 12h',
        ),
        (
            "cycles: {meters: {every: 90}}\n",
            "1: cycles.meters.every: this should be text, is a number; write it like 90s or 15m or 12h",
        ),
        (
            "cycles: {meters: {every: 0m}}\n",
            '1: cycles.meters.every: "0m" is not written as this should be; write it like 90s or 15m or 12h',
        ),
        ('cycles: {meters: {every: 1h, at: "02:00"}}\n', "1: cycles.meters: set either every or at"),
        ("cycles: {meters: {on: [mon]}}\n", '1: cycles.meters: on needs at, such as at: "02:00"'),
        (
            'cycles: {meters: {on: [monday], at: "02:00"}}\n',
            '1: cycles.meters.on[0]: "monday" is not known here; did you mean mon?',
        ),
        (
            'cycles: {meters: {at: "24:00"}}\n',
            '1: cycles.meters.at: "24:00" is not written as this should be; write it like "02:00"',
        ),
        (
            "cycles: {jobs: {enabled: yes}}\n",
            "1: cycles.jobs.enabled: this should be true or false, is text; write it in small letters, without quotes",
        ),
        (
            "readers: {plugin: printer_mib}\n",
            "1: readers: this should be a list, is a mapping of keys to values",
        ),
        ("outputs: !env A\n", "1: outputs: this should be a list, is one value from outside"),
        ("agent: !env A\n", "1: agent: this should be a mapping of keys to values, is one value from outside"),
        ("outputs: [mqtt]\n", "1: outputs[0]: this should be a mapping of keys to values, is text"),
        ("outputs: [{host: x}]\n", "1: outputs[0]: plugin is missing"),
        (
            "outputs: [{plugin: mqt}]\n",
            '1: outputs[0].plugin: unknown plugin "mqt"; did you mean mqtt? (`pagemeter plugins` lists them)',
        ),
        (
            "outputs: [{plugin: teapot, milk: true}]\n",
            '1: outputs[0].plugin: unknown plugin "teapot"; is it installed? (`pagemeter plugins` lists them)',
        ),
        (
            "outputs: [{plugin: sweep}]\n",
            '1: outputs[0].plugin: the plugin "sweep" does not belong here; write it under discoveries',
        ),
        (
            "outputs:\n- plugin: https_xml\n  url: https://x\n  tokn: y\n",
            "4: outputs[0].tokn: unknown key; did you mean token?",
        ),
        (
            "outputs: [{plugin: https_xml, url: https://x, token:hunter2}]\n",
            "1: outputs[0].token:...: unknown key; put a space behind the colon",
        ),
        (
            "outputs: [{plugin: https_xml, url: https://x, tls: {cafile: y}}]\n",
            "1: outputs[0].tls.cafile: unknown key; known are ca",
        ),
        (
            "outputs: [{plugin: https_xml, url: https://x, color: [1]}]\n",
            "1: outputs[0].color: this should be text or a whole number, is a list",
        ),
        ("outputs: [{plugin: https_xml}]\n", "1: outputs[0]: url is missing"),
        (
            'outputs: [{plugin: mqtt, host: x, port: "1883"}]\n',
            "1: outputs[0].port: this should be a whole number, is text; write it without quotes and leading zeros",
        ),
        (
            "outputs: [{plugin: mqtt, host: x, name: a b}]\n",
            '1: outputs[0].name: "a b" is not written as this should be; write it like head-office',
        ),
        (
            "outputs:\n- {plugin: mqtt, host: x}\n- {plugin: mqtt, host: y}\n",
            "3: outputs[1]: outputs[0] is called mqtt too; give one of them another `name`",
        ),
        (
            "outputs: [{plugin: mqtt, host: x, mask: contact}]\n",
            "1: outputs[0].mask: this should be a list, is text; write [...] around it",
        ),
        (
            "outputs: [{plugin: mqtt, host: x, mask: [person, serial_nummer]}]\n",
            f"1: outputs[0].mask[1]: {NO_FIELD}; did you mean serial_number?",
        ),
        (
            "readers: [{plugin: printer_mib}]\n",
            "1: networks is missing; only networks listed there are asked, such as `- network: 10.20.0.0/16`",
        ),
    ],
)
def test_a_mistake_is_one_line_with_file_line_and_remedy(text: str, message: str, catalog: Any) -> None:
    assert mistakes(text, catalog, {"A": "x"}) == [f"pagemeter.yaml:{message}"]


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ("[10.20.0.0/33]", "ranges: '10.20.0.0/33' is no network; write one such as 10.1.2.0/24"),
        ("[10.20.0.9-10.20.0.1]", "ranges: '10.20.0.9-10.20.0.1' runs backwards; write 10.20.0.1-10.20.0.9"),
        ("[]", "ranges: this is empty; write something, or leave the key out"),
        (
            "[printer.lan, 10.20.0.7, 10.21.0.0/24]",
            "ranges[2]: this is outside of networks, where nothing is asked; add its network there",
        ),
    ],
)
def test_a_bad_range_is_one_line(ranges: str, message: str, catalog: Any) -> None:
    text = NETWORKS + f"discoveries:\n- plugin: sweep\n  ranges: {ranges}\n"
    assert mistakes(text, catalog) == [f"pagemeter.yaml:4: discoveries[0].{message}"]


@pytest.mark.parametrize(
    ("snmp", "message"),
    [
        ("{version: 2c}", "snmp: version 2c needs a community"),
        ("{version: 1}", "snmp: version 1 needs a community"),
        ("{version: 3}", "snmp: version 3 needs a user"),
        ("{version: 3, user: u, community: c}", "snmp: a community belongs to version 1 and 2c, this is version 3"),
        (
            "{version: 1, community: c, user: u}",
            "snmp: user, auth, priv, context and trust belong to version 3, this is version 1",
        ),
        (
            "{version: 2c, community: c, trust: network}",
            "snmp: user, auth, priv, context and trust belong to version 3, this is version 2c",
        ),
        ("{version: 3, user: u, trust: all}", 'snmp.trust: "all" is not known here; write one of first, network'),
        ("{version: 3, user: u, priv: {aes128: abcdefgh}}", "snmp: priv needs auth"),
        ("{version: 3, user: u, auth: {}}", "snmp.auth: name one algorithm with its password"),
        (
            "{version: 3, user: u, auth: {md5: abcdefgh, sha1: abcdefgh}}",
            "snmp.auth: name one algorithm with its password",
        ),
        ("{version: 3, user: u, auth: {sha256: abcdefg}}", "snmp.auth.sha256: this has fewer than 8 characters"),
        (
            "{version: 3, user: u, auth: {sha256: !secret short}}",
            "snmp.auth.sha256: this has fewer than 8 characters (!secret short)",
        ),
        ("{version: 3, user: u, auth: {sha265: abcdefgh}}", "snmp.auth.sha265: unknown key; did you mean sha256?"),
        ("{version: 4, community: c}", 'snmp.version: "4" is not known here; write one of 1, 2c, 3'),
        ("{version: 2, community: c}", 'snmp.version: "2" is not known here; did you mean 2c?'),
        ("{version: 1, community: c, port: 9100}", "snmp.port: this port prints what it is sent and is never used"),
        ("{version: 1, community: c, port: 0}", "snmp.port: this is less than 1"),
    ],
)
def test_a_login_that_can_not_work_is_one_line(snmp: str, message: str, catalog: Any) -> None:
    text = NETWORKS + f"credentials:\n- networks: [10.20.0.0/16]\n  snmp: {snmp}\n"
    assert mistakes(text, catalog, short="abc") == [f"pagemeter.yaml:4: credentials[0].{message}"]


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (
            "{network: 10.20.0.0/16, answers_from: [10.21.0.1]}",
            "networks[0]: answers_from: 10.21.0.1 is not in 10.20.0.0/16; write it where its network is",
        ),
        (
            "{network: 10.20.0.0/16, answers_from: [10.20.0.0/24]}",
            "networks[0].answers_from[0]: this is no address; write one such as 10.20.0.1",
        ),
        (
            "{network: 10.20.0.0/16, requests_per_device: 11}",
            "networks[0].requests_per_device: this is more than 10",
        ),
        ("{network: 10.20.0.0/16, reads_at_once: 0}", "networks[0].reads_at_once: this is less than 1"),
    ],
)
def test_a_limit_that_can_not_work_is_one_line(network: str, message: str, catalog: Any) -> None:
    assert mistakes(f"networks:\n- {network}\n", catalog) == [f"pagemeter.yaml:2: {message}"]


def test_a_router_of_a_smaller_network_that_is_listed_too_is_a_mistake(catalog: Any) -> None:
    text = "networks:\n- {network: 10.20.0.0/16, answers_from: [10.20.3.1]}\n- {network: 10.20.3.0/24}\n"
    what = "10.20.3.0/24 (networks[1]) speaks for this address; write it there"
    assert mistakes(text, catalog) == [f"pagemeter.yaml:2: networks[0].answers_from[0]: {what}"]


def test_a_login_for_a_network_that_is_never_asked_is_a_mistake(catalog: Any) -> None:
    text = NETWORKS + "credentials:\n- {networks: [192.0.2.0/24], snmp: {version: 1, community: c}}\n"
    what = "this is outside of networks, where nothing is asked; add it there or leave it out here"
    assert mistakes(text, catalog) == [f"pagemeter.yaml:3: credentials[0].networks[0]: {what}"]


def test_all_mistakes_are_listed_in_the_order_of_their_lines(catalog: Any) -> None:
    text = (
        "outputs:\n- plugin: mqt\n- {plugin: mqtt, host: x, prot: 1}\n- {plugin: https_xml, url: http://x}\n"
        "agent: {packets_per_second: 0}\nnetworks: [{network: 10.0.0.1/8}, {network: nowhere}]\n"
    )
    assert [line.split(":")[1] for line in mistakes(text, catalog)] == ["2", "3", "4", "5", "6", "6"]


def test_a_plugin_is_written_down_and_not_computed(catalog: Any) -> None:
    found = mistakes("outputs: [{plugin: !env OUTPUT}]\n", catalog, {"OUTPUT": "mqtt"})
    assert found == ["pagemeter.yaml:1: outputs[0].plugin: !env can't choose a plugin; write its name"]


def test_a_variable_of_another_type_is_named_and_not_quoted(catalog: Any) -> None:
    found = mistakes("outputs: [{plugin: mqtt, host: x, port: !env PORT}]\n", catalog, {"PORT": "canary"})
    assert found == ["pagemeter.yaml:1: outputs[0].port: this should be a whole number (!env PORT)"]


CANARY = "canary-Zx81 /quux"


@pytest.mark.parametrize(
    "output",
    [
        "{plugin: https_xml, url: https://x, token: !secret c}",
        "{plugin: https_xml, url: https://x, token: 'canary-Zx81 /quux'}",
        "{plugin: https_xml, url: !secret c}",
        "{plugin: https_xml, url: !env C}",
        "{plugin: https_xml, url: https://x, token: ['canary-Zx81 /quux']}",
        "{plugin: https_xml, url: https://x, tls: !secret c}",
        "{plugin: https_xml, url: https://x, token: {a: 'canary-Zx81 /quux'}}",
        "{plugin: mqtt, host: !secret c, port: !secret c, password: !secret c}",
        "{plugin: mqtt, host: x, home_assistant: !env C}",
        "{plugin: mqtt, host: x, every: !secret c, mask: [!secret c], name: !secret c}",
        "{plugin: !secret c}",
        "!secret c",
    ],
)
def test_no_message_shows_a_secret_or_a_part_of_it(output: str, catalog: Any) -> None:
    found = mistakes(f"outputs: [{output}]\n", catalog, {"C": CANARY}, c=CANARY)
    assert found
    assert not any(part in line for line in found for part in ("canary", "Zx81", "quux"))
