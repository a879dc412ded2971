"""The real clock behind the Clock door."""

import time


class SystemClock:
    def now(self) -> float:
        return time.time()
