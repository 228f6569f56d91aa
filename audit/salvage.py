"""What is right in a value that is wrong as a whole, so that one mistake does not hide another."""

import functools
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from audit.yamlfile import Checked

T = TypeVar("T", bound=Checked)


class _Wrong:
    """Nothing of a value could be saved."""


def salvage(kind: type[T], value: Any) -> T | None:
    """A `kind` of the keys that are right by themselves; rules over several keys are not asked.

    None when the value is no mapping, or lacks a key that every `kind` has. Only its names and units may be
    looked at: nothing is judged by it.
    """
    if not isinstance(value, dict):
        return None
    built: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        key = field.alias or name
        part = _part(kind, name, value[key]) if key in value else _Wrong
        if part is not _Wrong:
            built[key] = part
        elif field.is_required():
            return None
    constructed: T = kind.model_construct(**built)  # type: ignore[assignment]
    return constructed


@functools.cache
def _adapter(kind: type[Checked], name: str) -> TypeAdapter[Any]:
    field: FieldInfo = kind.model_fields[name]
    annotation: Any = field.annotation
    for metadata in field.metadata:
        annotation = Annotated[annotation, metadata]
    return TypeAdapter(
        annotation, config=None if _is_model(annotation) else {"arbitrary_types_allowed": True}
    )


def _bare(annotation: Any) -> Any:
    """An annotation without what `Annotated` adds to it."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _part(kind: type[Checked], name: str, value: Any) -> Any:
    """The value of a key, or what can be saved of it."""
    field = kind.model_fields[name]
    try:
        return _adapter(kind, name).validate_python(value)
    except ValidationError:
        pass
    for step in field.metadata:
        if isinstance(step, BeforeValidator):
            try:
                value = step.func(value)  # type: ignore[call-arg]
            except ValueError:
                return _Wrong
    either = get_origin(field.annotation) in (Union, UnionType)
    for inner in map(_bare, get_args(field.annotation) if either else (field.annotation,)):
        if _is_model(inner):
            saved = salvage(inner, value)
            return _Wrong if saved is None else saved
        if get_origin(inner) is tuple and get_args(inner)[0] is str and isinstance(value, list):
            return tuple(one for one in value if isinstance(one, str))
        if get_origin(inner) is tuple and _is_model(_bare(get_args(inner)[0])) and isinstance(value, list):
            member = get_args(inner)[0]
            some = [salvage(_bare(member), _prepared(member, one)) for one in value]
            return tuple(some) if None not in some else _Wrong
    return _Wrong


def _prepared(annotation: Any, value: Any) -> Any:
    """A value as it is before it is checked: `greeting` as `{step: greeting}`."""
    for step in getattr(annotation, "__metadata__", ()):
        if isinstance(step, BeforeValidator):
            value = step.func(value)  # type: ignore[call-arg]
    return value
