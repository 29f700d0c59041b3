"""Sends a report of the whole fleet as XML, over HTTPS or into a folder."""

from __future__ import annotations

from pagemeter import Factory, Output, hookimpl


@hookimpl
def pagemeter_outputs() -> list[Factory[Output]]:
    """Offer ``https_xml``."""
    from pagemeter_plugins.https_xml.output import HttpsXmlOutput  # imported only where it is used
    from pagemeter_plugins.https_xml.settings import HttpsXmlSettings

    return [Factory("https_xml", HttpsXmlSettings, HttpsXmlOutput)]
