"""``outputs test`` as a user types it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from pagemeter.cli.exits import Exit

Type = Callable[..., Any]

YAML = """
networks: [{{network: 10.0.0.0/8}}]
outputs:
  - {{plugin: webhook, name: collector, url: "https://localhost:{port}/canary", ca: {ca}, secret: !env CANARY}}
  - {{plugin: https_xml, name: reports, folder: reports}}
  - {{plugin: files, name: lines, folder: lines}}
"""


class Collector(BaseHTTPRequestHandler):
    """Takes whatever comes."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A configuration whose collector runs; the CA is in ``ca.pem``, another one in ``other.pem``."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        path = tmp_path / "pagemeter.yaml"
        path.write_text(YAML.format(port=server.server_port, ca="ca.pem"))
        yield path
        server.shutdown()
        thread.join()


def test_each_stage_is_a_line_and_nothing_secret_is_in_it(pagemeter: Type, config: Path) -> None:
    said = pagemeter("outputs", "test", "collector", "--config", config, CANARY="sEcReT-9f2a")
    assert said.code == Exit.OK
    stages = [line.split(":")[0] for line in said.out.splitlines()]
    assert stages == [f"✓ {name}" for name in ("DNS", "TCP", "TLS", "request", "status", "receipt")]
    assert "sEcReT" not in said.out + said.err
    assert "canary" not in said.out + said.err
    assert not list(config.parent.glob("**/*.db")), "the store is not touched"


def test_the_stage_that_fails_is_the_last_and_says_what_to_do(pagemeter: Type, config: Path) -> None:
    config.write_text(config.read_text().replace("ca.pem", "other.pem"))
    said = pagemeter("outputs", "test", "collector", "--config", config, CANARY="sEcReT-9f2a")
    assert said.code == Exit.PARTLY_FAILED
    assert said.out.splitlines()[-1].startswith("✗ TLS: ")
    assert "`ca`" in said.out


def test_an_output_that_cannot_be_opened_says_why(pagemeter: Type, config: Path) -> None:
    config.write_text(config.read_text().replace("ca.pem", "none.pem"))
    said = pagemeter("outputs", "test", "collector", "--config", config, CANARY="sEcReT-9f2a")
    assert said.code == Exit.PARTLY_FAILED
    assert said.out.startswith("✗ open: ")
    assert "none.pem" in said.out


@pytest.mark.parametrize(("name", "stage"), [("reports", "✓ folder"), ("lines", "✓ delivery")])
def test_an_output_without_a_network_says_what_there_is_to_say(
    pagemeter: Type, config: Path, name: str, stage: str
) -> None:
    said = pagemeter("outputs", "test", name, "--config", config, CANARY="sEcReT-9f2a")
    assert said.code == Exit.OK
    assert said.out.startswith(stage)


def test_a_name_that_is_none_is_answered_with_those_that_are(pagemeter: Type, config: Path) -> None:
    said = pagemeter("outputs", "test", "colector", "--config", config, CANARY="sEcReT-9f2a")
    assert said.code == Exit.CONFIGURATION
    assert "collector, reports, lines" in said.err
