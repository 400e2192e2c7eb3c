"""A clock for the simulator that only moves when told to."""

START = 1_787_277_600.0


class ManualClock:
    """Seconds since the epoch, set by hand."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> float:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += seconds
