"""The label sheet as one HTML file: offline, by keyboard, saved as you go."""

import base64
import hashlib
import json
from importlib import resources
from string import Template

from affectflow.gold.asking.sheets import FIXED, Sheet
from affectflow.gold.targets.labels import POINTS


def as_html(sheet: Sheet) -> bytes:
    """Returns a sheet as a page that loads nothing and sends nothing.

    Texts are data, never markup: they are embedded as JSON and shown as text.
    """
    style, script = _read("style.css"), _read("page.js")
    page = Template(_read("template.html")).substitute(
        policy=_policy(style, script),
        style=style,
        script=script,
        keys=_read("scale_keys.html" if _is_scale(sheet) else "label_keys.html"),
        data=_data(sheet),
    )
    return page.encode()


def _data(sheet: Sheet) -> str:
    told = {
        "sample": sheet.sample.sample_id,
        "task": sheet.sample.task,
        "fixed": FIXED,
        "points": POINTS if _is_scale(sheet) else 0,
        "labels": [
            {"name": name, "meaning": meaning}
            for name, meaning in zip(sheet.columns, sheet.definitions, strict=True)
        ],
        "lines": [list(line) for line in sheet.lines],
    }
    return embedded(json.dumps(told))


def _is_scale(sheet: Sheet) -> bool:
    return any(target.is_scale for target in sheet.sample.targets)


def embedded(data: str) -> str:
    """Returns JSON in which no text can break out of the script element."""
    for sign in "<>&":
        data = data.replace(sign, f"\\u{ord(sign):04x}")
    return data


def _policy(style: str, script: str) -> str:
    """Returns a content security policy that allows this style and script alone."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; "
        f"style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")
