"""Secrets of a configuration are known to the log before anything can speak."""

from __future__ import annotations

from pagemeter.config import parse_config
from pagemeter.config.build import secrets_of

TEXT = """\
networks: [{network: 10.0.0.0/24}]
credentials:
  - networks: [10.0.0.0/24]
    snmp: {version: 3, user: meter, auth: {sha256: !secret auth}, priv: {aes128: !secret priv}}
  - {networks: [10.0.0.0/24], snmp: {version: 2c, community: public}}
outputs:
  - {plugin: https_xml, url: "https://meters.example/report", token: !secret token}
"""


def test_every_secret_is_found_wherever_it_stands_and_the_word_public_is_none() -> None:
    secrets = {"auth": "authentic-one", "priv": "private-two", "token": "token-three"}
    config = parse_config(TEXT, "pagemeter.yaml", environ={}, secrets=secrets)
    assert {secret.get_secret_value() for secret in secrets_of(config)} == set(secrets.values())
