"""One HTTP client for all outputs: verified TLS, proxies, pins, and words for what went wrong."""

from pagemeter.http.answer import HttpAnswer, check
from pagemeter.http.client import HttpClient, traffic_of
from pagemeter.http.diagnosis import Trial, diagnose
from pagemeter.http.settings import HttpSettings

__all__ = ["HttpAnswer", "HttpClient", "HttpSettings", "Trial", "check", "diagnose", "traffic_of"]
