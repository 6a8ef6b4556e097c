"""The command `serve`: a lake in the browser, live and read-only."""

import sys
from typing import Annotated

import typer

from affectflow.cli import show
from affectflow.cli.options import LakeUri


def serve(
    lake: LakeUri,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            help="Port to listen on; by default 8765, or the next one that is free.",
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on. Any but this machine's own lets others on the "
            "network try to read the lake."
        ),
    ] = "127.0.0.1",
    annotator: Annotated[
        str,
        typer.Option(
            help="Base the report on this annotator, by its id or the start of it."
        ),
    ] = "",
) -> int:
    """Show a lake in the browser: report, themes, threads and SQL.

    Runs until Ctrl-C. The pages show everything in the lake, private messages too.
    """
    from affectflow.serving import DEFAULT_PORT, listen
    from affectflow.serving import serve as serve_lake
    from affectflow.serving.database import ServedLake
    from affectflow.serving.guard import Access
    from affectflow.serving.listening import is_loopback

    served = ServedLake(lake, _named(lake, annotator))
    with listen(host, port, lake) as socket:
        number = socket.getsockname()[1]
        if port is None and number != DEFAULT_PORT:
            show.say(f"serve: port {DEFAULT_PORT} is in use; using {number}")
        if not is_loopback(host):
            show.say(
                f"serve: warning: other machines can reach {host}, without "
                "encryption; whoever has the address below reads the whole lake"
            )
        access = Access(host=host, port=number)
        show.say("serve: open this address; Ctrl-C ends it")
        sys.stdout.write(f"{access.url}\n")
        sys.stdout.flush()
        serve_lake(served, access, socket)
    show.say("serve: ended")
    return 0


def _named(lake: str, annotator: str) -> str:
    """Returns the annotator named; writes nothing: a served lake is read-only."""
    from affectflow.lake.basis import named_in

    if not annotator:
        return ""
    return named_in(lake, annotator)
