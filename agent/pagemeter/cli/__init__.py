"""The commands; each imports what it needs only when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pagemeter import __version__
from pagemeter.cli import engines, outbox, outputs, segments
from pagemeter.cli.exits import Exit, speaking, usage
from pagemeter.cli.plugin_commands import PluginGroup

app = typer.Typer(
    name="pagemeter",
    cls=PluginGroup,
    help="Find the printers of a site, read their meters, supplies and alerts, and hand everything on.\n\n"
    "Try it without a network: pagemeter demo. Ask one printer: pagemeter read 10.20.0.7. "
    "Run it for good: write a YAML file (config/minimal.yaml is one), pagemeter check FILE, "
    "pagemeter run --config FILE.",
    epilog="Exit codes: 0 ok, 1 partly failed, 2 configuration or usage, 3 nothing answered, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="The YAML file; the platform's folder if absent."),
]
AskConfig = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Take networks and credentials from this YAML file."),
]
YamlFile = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The YAML file, as with --config.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, a line a device, for programs.")]
Community = Annotated[
    str | None, typer.Option(metavar="TEXT", help="The community of SNMP v1 and v2c. [default: public]")
]
Version = Annotated[
    str | None, typer.Option("--snmp-version", metavar="1|2c|3", help="Only this version. [default: 2c, then 1]")
]
User = Annotated[str | None, typer.Option(metavar="NAME", help="The user of SNMPv3.")]
Auth = Annotated[
    str | None,
    typer.Option(
        metavar="PROTOCOL:env:NAME",
        help="SNMPv3 authentication, such as sha256:env:METER_AUTH or sha256:file:PATH; "
        "a password itself is refused, for command lines can be read by others.",
    ),
]
Priv = Annotated[
    str | None, typer.Option(metavar="PROTOCOL:env:NAME", help="SNMPv3 privacy, such as aes128:env:METER_PRIV.")
]
Port = Annotated[int | None, typer.Option(min=1, max=65535, metavar="PORT", help="The UDP port. [default: 161]")]
Timeout = Annotated[float, typer.Option(min=0.1, max=60, metavar="SECONDS", help="How long to wait for an answer.")]
Rate = Annotated[
    int, typer.Option("--packets-per-second", min=1, max=50000, metavar="NUMBER", help="The most packets in a second.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"pagemeter {__version__}")
        raise typer.Exit


app.add_typer(segments.app)
app.add_typer(engines.app)
app.add_typer(outputs.app)
app.add_typer(outbox.app)


@app.callback()
def pagemeter(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take what holds for all commands."""


@app.command()
def run(
    config: ConfigOption = None,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log JSON lines.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Run the agent until it is told to stop."""
    from pagemeter.cli import running

    _end(lambda: running.run(config, log_json=log_json, verbose=verbose))


@app.command()
def once(
    config: ConfigOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    json: Json = False,
) -> None:
    """Discover, read every device once, deliver, and end."""
    from pagemeter.cli import running

    _end(lambda: running.once(config, verbose=verbose, as_json=json))


@app.command(short_help="Find the printers of some addresses now.")
def scan(
    ctx: typer.Context,
    ranges: Annotated[
        list[str],
        typer.Argument(metavar="RANGE...", help="10.20.0.0/24, 10.20.0.1-10.20.0.99, 10.20.0.*, a host name."),
    ],
    config: AskConfig = None,
    community: Community = None,
    snmp_version: Version = None,
    user: User = None,
    auth: Auth = None,
    priv: Priv = None,
    port: Port = None,
    timeout: Timeout = 2.0,
    packets_per_second: Rate = 500,
    json: Json = False,
    show_all: Annotated[bool, typer.Option("--all", help="Show what is no printer too.")] = False,
) -> None:
    """Find the printers of some addresses now; what is named here, and nothing else, is asked."""
    from pagemeter.cli import asking
    from pagemeter.cli.ad_hoc import SnmpOptions

    _end_async(lambda: asking.scan(ranges, SnmpOptions.of(ctx.params), as_json=json, show_all=show_all))


@app.command()
def read(
    ctx: typer.Context,
    host: Annotated[str, typer.Argument(help="An address, a host name, or ipp://host/path.")],
    config: AskConfig = None,
    community: Community = None,
    snmp_version: Version = None,
    user: User = None,
    auth: Auth = None,
    priv: Priv = None,
    port: Port = None,
    timeout: Timeout = 2.0,
    packets_per_second: Rate = 500,
    json: Json = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say where each value was read, and why it counts and not another.")
    ] = False,
) -> None:
    """Read one printer now and print what its panel would say."""
    from pagemeter.cli import asking
    from pagemeter.cli.ad_hoc import SnmpOptions

    _end_async(lambda: asking.read(host, SnmpOptions.of(ctx.params), as_json=json, explain=explain))


@app.command(short_help="Record all that a device says by SNMP.")
def record(
    ctx: typer.Context,
    host: Annotated[str, typer.Argument(help="An address or a host name.")],
    file: Annotated[Path, typer.Argument(help="Where the recording (.snmprec) is written.")],
    config: AskConfig = None,
    community: Community = None,
    snmp_version: Version = None,
    user: User = None,
    auth: Auth = None,
    priv: Priv = None,
    port: Port = None,
    timeout: Timeout = 2.0,
    packets_per_second: Rate = 500,
) -> None:
    """Record all that a device says by SNMP, to support its model; passwords and job lists are not asked for."""
    from pagemeter.cli import asking
    from pagemeter.cli.ad_hoc import SnmpOptions

    _end_async(lambda: asking.record(host, file, SnmpOptions.of(ctx.params)))


@app.command(short_help="Check a configuration, line by line.")
def check(file: YamlFile = None, config: ConfigOption = None) -> None:
    """Check a configuration; every mistake is a line with file, line and remedy."""
    from pagemeter.cli import configuration

    _end(lambda: configuration.check(_one_of(file, config)))


@app.command(short_help="Say what a configuration sends, and where to.")
def plan(
    file: YamlFile = None,
    config: ConfigOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a page or a ticket.")] = False,
) -> None:
    """Say what a configuration sends, where, when and how much; nothing is sent to find that out."""
    from pagemeter.cli import planning

    _end(lambda: planning.plan(_one_of(file, config), as_json=json, markdown=markdown))


@app.command()
def schema(
    data_sheet: Annotated[
        bool, typer.Option("--data-sheet", help="Print what may leave the site, field by field, as Markdown.")
    ] = False,
) -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from pagemeter.cli import configuration

    _end(configuration.data_sheet if data_sheet else configuration.schema)


@app.command(short_help="List the known devices with their values.")
def devices(
    config: ConfigOption = None,
    json: Json = False,
    others: Annotated[
        bool, typer.Option("--others", help="List what answered and is no printer instead, and when that was seen.")
    ] = False,
) -> None:
    """List the known devices with their latest values, the silent ones with since when."""
    from pagemeter.cli import stored

    _end(lambda: (stored.others if others else stored.devices)(config, as_json=json))


@app.command(short_help="Show what was counted, run by run.")
def ledger(
    device: Annotated[
        str | None,
        typer.Argument(metavar="[DEVICE]", help="An id, a serial number or an address; all devices if absent."),
    ] = None,
    config: ConfigOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a run, for programs.")] = False,
) -> None:
    """Show what was counted of each meter, run by run: where a counter began, how far it came, and why a run ended."""
    from pagemeter.cli.ledger import show

    _end(lambda: show(config, device, as_json=json))


@app.command(short_help="Show what was sent and received, run by run.")
def traffic(
    cycle: Annotated[
        str | None, typer.Argument(metavar="[CYCLE]", help="Such as meters or 'discovery sweep'; all if absent.")
    ] = None,
    config: ConfigOption = None,
    runs: Annotated[int, typer.Option(metavar="NUMBER", min=1, help="How many runs of each cycle are shown.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a run, for programs.")] = False,
) -> None:
    """Show what the runs of each cycle sent to devices and received: packets, kB of payload, the busiest second."""
    from pagemeter.cli.traffic import show

    _end(lambda: show(config, cycle, runs=runs, as_json=json))


@app.command(short_help="List what of job logs was not understood.")
def quarantine(config: ConfigOption = None, json: Json = False) -> None:
    """List what of job logs could not be understood: where it stands, and why.

    Mend the settings and restart the agent: what they make understandable is read again and leaves this list.
    """
    from pagemeter.cli import stored

    _end(lambda: stored.quarantine(config, as_json=json))


@app.command(short_help="List plugins, show one, or begin a new one.")
def plugins(
    action: Annotated[
        str | None,
        typer.Argument(metavar="[show|new]", help="show NAME: all about one plugin. new NAME: begin a plugin."),
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The plugin.")] = None,
    config: ConfigOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a plugin, for programs.")] = False,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND", help="new: discovery, reader, source or output; may be repeated. [default: output]"
        ),
    ] = None,
    folder: Annotated[Path | None, typer.Option(metavar="DIR", help="new: where to. [default: pagemeter-NAME]")] = None,
    summary: Annotated[str | None, typer.Option(metavar="TEXT", help="new: what it does, in a line.")] = None,
) -> None:
    """List the installed plugins (none is imported unless the YAML names it), show one, or begin a new one."""
    from pagemeter.cli import configuration, new

    if action == "new" and name is not None:
        _end(lambda: new.new(name, kind or ["output"], folder, summary))
    _end(lambda: configuration.plugins(action, name, config, as_json=json))


@app.command(short_help="Show it all on this machine, with no network.")
def demo(
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Where the files of the demo are left.")] = Path("demo"),
    keep: Annotated[bool, typer.Option("--keep", help="Go on running after the first round.")] = False,
) -> None:
    """Show the whole road on this machine: a simulated fleet on loopback, read, stored and reported."""
    from pagemeter.cli import demonstration

    _end(lambda: demonstration.demo(folder, keep=keep))


def main() -> None:
    """Run the command line."""
    try:
        app()
    except KeyboardInterrupt:
        # It came before a command could say so itself.
        sys.exit(Exit.INTERRUPTED)


def _one_of(file: Path | None, config: Path | None) -> Path | None:
    if file is not None and config is not None:
        raise usage(f"{file} and --config {config}: name the YAML file once")
    return file or config


def _end(command: Any) -> None:
    with speaking():
        code: Exit = command()
        raise typer.Exit(code)


def _end_async(command: Any) -> None:
    from pagemeter.root import run_root

    def whole() -> Exit:
        code: Exit = run_root(command())
        return code

    _end(whole)


__all__ = ["app", "main"]
