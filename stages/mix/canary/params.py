"""The canaries' settings. Sizes are in word tokens."""

from pydantic import Field, model_validator

from stages.strict import Strict


class CanaryParams(Strict):
    """How large the canaries are, how they sample, and from where on their figures count against a source."""

    tokens: int = Field(default=1_000_000, ge=1_000)  # of a mixture in the closed loop, at most
    held_out_tokens: int = Field(default=300_000, ge=1_000)  # at most
    min_tokens: int = Field(default=40_000, ge=100)  # of real and of synthetic text; below: low_power
    min_held_out_tokens: int = Field(default=20_000, ge=100)  # of held-out and of reference text; below: low_power
    generations: int = Field(default=5, ge=3, le=20)  # 8 for real shares of .1 and less
    seeds: int = Field(default=3, ge=1, le=20)
    real_share: float | None = Field(default=None, gt=0, lt=1)  # of the loop's mixture; null: by the sizes given
    temperature: float = Field(default=1.0, ge=0.3, le=1)  # as the source declares its decoding; 1 stands for above
    top_p: float = Field(default=1.0, ge=0.1, le=1)
    # Words by how often the real text that ERT starts from should hold them.
    unlearnable: float = Field(default=0.2, ge=0)  # rarer ones are in no bucket
    tail: float = Field(default=4.0, gt=0)  # rarer ones than this are the tail
    head: float = Field(default=50.0, gt=0)  # from here on the head
    warn_ert: float = 0.0  # effective real tokens per synthetic token
    harm_ert: float = -0.1
    warn_ert_tail: float = 0.0  # the same in the tail
    harm_ert_tail: float = -0.6  # learners' essays beside other people's text stand at -.5
    taught_head: float = 0.7  # ERT of the head from which on a tail below warn_ert_tail is harm if entropy drops, too
    warn_penalty: float = Field(default=1.20, ge=1)  # perplexity, loop's end over real part alone, at 10^6 tokens
    harm_penalty: float = Field(default=1.25, gt=1)
    warn_excess: float = Field(default=1.02, ge=1)  # the same over the loop with real text in the source's place
    harm_excess: float = Field(default=1.05, gt=1)
    warn_entropy_drop: float = Field(default=0.3, ge=0)  # bits, of the model's samples, source against real text
    harm_entropy_drop: float = Field(default=0.6, gt=0)

    @model_validator(mode="after")
    def _harm_lies_beyond_warning(self) -> "CanaryParams":
        pairs = {"penalty": 1, "excess": 1, "entropy_drop": 1, "ert": -1, "ert_tail": -1}
        for name, sign in pairs.items():
            if sign * getattr(self, f"harm_{name}") < sign * getattr(self, f"warn_{name}"):
                raise ValueError(f"harm_{name} must lie beyond warn_{name}")
        if self.harm_ert >= 1 or self.harm_ert_tail >= 1 or self.harm_penalty <= 1:
            raise ValueError("harm must lie beyond what real text gives: ert below 1, penalty above 1")
        return self


SMALL = CanaryParams(tokens=60_000, held_out_tokens=30_000, min_tokens=10_000, min_held_out_tokens=5_000)
