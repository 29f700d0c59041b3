"""A back end that takes every POST with 200 and a receipt: ``backend.py ADDRESS PORT``; says ``ready``."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Taking(BaseHTTPRequestHandler):
    """Answers each report with what it says of itself."""

    def do_POST(self) -> None:
        """Give the receipt."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        batch = re.search(rb"<batch>(.*?)</batch>", body)
        count = re.search(rb"<device_count>(.*?)</device_count>", body)
        receipt = {
            "report": batch[1].decode() if batch else "",
            "devices": int(count[1]) if count else -1,
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(receipt).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the class gives it
        """Keep quiet."""


if __name__ == "__main__":
    server = HTTPServer((sys.argv[1], int(sys.argv[2])), Taking)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.serve_forever()
