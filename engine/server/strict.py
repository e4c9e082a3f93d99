"""What all of a body is made of: JSON as strict as its own types, and null for absent."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from engine.protocol import well_formed


class Body(BaseModel):
    """An object of a body. A number in quotes is an error, not a guess; fields without a name are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, use_attribute_docstrings=True)


Text = Annotated[str, AfterValidator(well_formed)]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# JSON has one kind of number: 96.0 is the integer 96. A range stands before it, to be described.
WHOLE = BeforeValidator(_whole)
Integer = Annotated[int, WHOLE]


def shape(value: Any) -> Literal["one", "many"]:
    return "many" if isinstance(value, list) else "one"
