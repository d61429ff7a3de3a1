"""The one base of every params type: frozen, and an unknown key is an error."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A frozen section of params.yaml that accepts only the keys it declares."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
