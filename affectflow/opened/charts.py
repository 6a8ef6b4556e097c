"""A chart that a notebook shows without a network."""

import io
from typing import Any

import altair


class Chart(altair.Chart):
    """An Altair chart that a notebook shows as a picture.

    Altair's own page for notebooks loads its libraries from a server; where a firewall
    is, nothing is drawn. A renderer that was enabled, such as
    `altair.renderers.enable("html")`, is used as usual.
    """

    def _repr_mimebundle_(self, *args: Any, **kwds: Any) -> Any:
        if altair.renderers.active != "default":
            return super()._repr_mimebundle_(*args, **kwds)
        picture = io.StringIO()
        self.save(picture, format="svg")
        return {"image/svg+xml": picture.getvalue()}
