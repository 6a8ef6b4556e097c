"""Installed plugins as Beam YAML types, under their own names.

A pipeline in YAML may say `type: ReadGithub`, with the class's arguments as `config`.
"""

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, MutableSequence, Sequence
from typing import Any

import apache_beam as beam
import yaml
from apache_beam.yaml import yaml_provider, yaml_transform
from apache_beam.yaml.yaml_utils import SafeLineLoader

from affectflow import people, registry
from affectflow.errors import UsageError
from affectflow.kinds.source import Source
from affectflow.options import check_known

_KINDS = ("connectors", "transforms")
_JSON_TYPES: dict[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
}


def plugin_names() -> dict[str, str]:
    """Returns the kind of each plugin that YAML may name, by its name."""
    return {name: kind for kind in _KINDS for name in registry.names(kind)}


def config_schema(plugin: Any) -> dict[str, Any]:
    """Returns the JSON schema of a plugin's arguments."""
    hints = typing.get_type_hints(plugin)
    fields = [f for f in dataclasses.fields(plugin) if f.init]
    return {
        "type": "object",
        "properties": {f.name: _json_type(hints[f.name]) for f in fields},
        "required": [f.name for f in fields if _has_no_default(f)],
        "additionalProperties": False,
    }


def _has_no_default(field: "dataclasses.Field[Any]") -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _json_type(hint: Any) -> dict[str, Any]:
    if hint in _JSON_TYPES:
        return {"type": _JSON_TYPES[hint]}
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_json_type(each) for each in arguments]}
    if hint is type(None):
        return {"type": "null"}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object"}
    if origin is tuple and arguments[1:] != (...,):
        return {"type": "array", "prefixItems": [_json_type(a) for a in arguments]}
    if origin is Iterable or _is_sequence(origin):
        return {"type": "array", "items": _json_type(arguments[0])}
    return {}


def _is_sequence(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Sequence)


class PluginProvider(yaml_provider.Provider):
    """Gives Beam YAML every installed transform and connector.

    Args:
      inputs: look whether what sources read is there.
      made: every plugin that is made is appended to it, in no certain order.
    """

    def __init__(self, inputs: bool = False, made: MutableSequence[Any] | None = None):
        super().__init__()
        self._inputs = inputs
        self._made = [] if made is None else made

    def available(self) -> bool:
        return True

    def cache_artifacts(self) -> None:
        return None

    def provided_transforms(self) -> Iterable[str]:
        return list(plugin_names())

    def config_schema(self, type: str) -> None:
        # Beam's own schemas cannot say a map or a union; `create_transform` checks.
        return None

    def requires_inputs(self, typ: str, args: Any) -> bool:
        return not typ.startswith("Read")

    def create_transform(
        self,
        typ: str,
        args: Mapping[str, Any],
        yaml_create_transform: Callable[..., beam.PTransform],
    ) -> beam.PTransform:
        made = create(typ, args)
        if self._inputs and isinstance(made, Source):
            made.check()
        self._made.append(made)
        return made

    def to_json(self) -> dict[str, str]:
        return {"type": "affectflow"}


def create(name: str, arguments: Mapping[str, Any]) -> beam.PTransform:
    """Returns a plugin with arguments, checked against its schema.

    Raises:
      UsageError: an argument is unknown, missing or has another type.
    """
    import jsonschema

    kinds = plugin_names()
    if name not in kinds:
        hint = registry.nearest(name, kinds, listed_by="affectflow plugins")
        raise UsageError(f"no plugin is named {name!r}; {hint}")
    plugin = registry.load(kinds[name], name)
    if not (isinstance(plugin, type) and issubclass(plugin, beam.PTransform)):
        raise UsageError(f"{name} is not a step of a pipeline; name another type")
    given = {k: v for k, v in dict(arguments).items() if not k.startswith("__")}
    schema = config_schema(plugin)
    check_known(given, schema["properties"], name)
    try:
        jsonschema.validate(given, schema)
    except jsonschema.ValidationError as error:
        where = "".join(f"{each}: " for each in error.absolute_path)
        raise UsageError(f"{name}: {where}{error.message}") from error
    made: beam.PTransform = plugin(**given)
    return made


def build(
    pipeline: beam.Pipeline,
    text: str,
    *,
    inputs: bool = False,
    made: MutableSequence[Any] | None = None,
) -> Any:
    """Adds the steps of a YAML pipeline to `pipeline`.

    Args:
      pipeline: to add to.
      text: the YAML, with the key `pipeline` at its top, and maybe `people`: purpose,
        context and allow_person_level, as `affectflow.people.using` takes them.
      inputs: look whether what sources read is there.
      made: every plugin that is made is appended to it, in no certain order.

    Raises:
      UsageError: the YAML or a step is wrong; names the line.
    """
    try:
        spec = yaml.load(text, Loader=SafeLineLoader)
        if not isinstance(spec, dict) or "pipeline" not in spec:
            raise UsageError("the file must begin with `pipeline:`")
        with people.using(**_said_in(spec.pop("people", {}))):
            return yaml_transform.expand_pipeline(
                pipeline,
                spec,
                providers=yaml_provider.merge_providers(PluginProvider(inputs, made)),
                validate_schema="generic",
            )
    except Exception as error:
        # Of a jsonschema error the text holds the whole schema.
        line = " ".join(str(getattr(error, "message", error)).split())
        raise UsageError(
            f"the pipeline cannot be built: {line[:400]}{_nearest_type(line)}"
        ) from error


def _nearest_type(complaint: str) -> str:
    """Returns what to type for a type that Beam does not know; else nothing."""
    unknown = re.search(r"Unknown type .* for type (\w+)", complaint)
    if unknown is None:
        return ""
    near = difflib.get_close_matches(unknown[1], plugin_names(), n=1)
    return f"; did you mean {near[0]}?" if near else ""


_PEOPLE = {"purpose": str, "context": str, "allow_person_level": bool}


def _said_in(given: Any) -> dict[str, Any]:
    """Returns what the key `people` of a pipeline says, for `people.using`."""
    said = given if isinstance(given, dict) else {"": given}
    said = {key: value for key, value in said.items() if not key.startswith("__")}
    for key, value in said.items():
        if key not in _PEOPLE or not isinstance(value, _PEOPLE[key]):
            raise UsageError(
                f"`people` takes purpose and context (text) and allow_person_level "
                f"(true or false), not {key}: {value!r}"
            )
    return said
