"""The motion of one box: a constant-velocity Kalman filter in plain floats, driven by real time differences."""

from __future__ import annotations

from math import exp

SIGMA_CENTRE = 0.05
SIGMA_SIZE = 0.07
ACCELERATION = 0.6
GROWTH = 0.015
FIRST_SPEED = 0.8
COAST_S = 2.0
"""In body heights and seconds: noise of a measured centre and size, spectral density of the acceleration (h^2/s^3) and
of the change of size (h^2/s), the spread of the speeds people arrive with (h/s), and how long a speed lasts."""


Step = tuple[float, float, float, float, float, float, float]
"""What a span of time does to every filter, computed once a frame by `step`."""


def step(dt_s: float) -> Step:
    """Seconds, what is left of a speed, how many seconds it carries, noise of place, of both, of speed and of size.

    White acceleration over `dt_s` seconds (Bar-Shalom, "Estimation with Applications to Tracking and Navigation",
    6.2.2); speeds fade, so that a long wait carries nobody away.
    """
    fade, noise = exp(-dt_s / COAST_S), ACCELERATION * dt_s
    return dt_s, fade, COAST_S * (1 - fade), noise * dt_s * dt_s / 3, noise * dt_s / 2, noise, GROWTH * dt_s


class BoxFilter:
    """Centre with velocity, and size; lengths in frame heights, times in seconds.

    x and y share one covariance and so do width and height, because their noises are equal. Covariances are in units
    of the body height squared, so that near and far people behave alike.
    """

    __slots__ = ("_mixed", "_place", "_size", "_speed", "h", "vx", "vy", "w", "x", "y")

    def __init__(self, x: float, y: float, w: float, h: float) -> None:
        self.x, self.y, self.w, self.h = x, y, w, h
        self.vx = self.vy = 0.0
        self._place, self._mixed, self._speed = SIGMA_CENTRE**2, 0.0, FIRST_SPEED**2
        self._size = SIGMA_SIZE**2

    def predict(self, span: Step) -> None:
        """Move the state on by one span of time."""
        dt_s, fade, reach_s, place_noise, mixed_noise, speed_noise, size_noise = span
        self.x += self.vx * reach_s
        self.y += self.vy * reach_s
        self.vx *= fade
        self.vy *= fade
        mixed, speed = self._mixed, self._speed
        self._place += dt_s * (2 * mixed + dt_s * speed) + place_noise
        self._mixed = mixed + dt_s * speed + mixed_noise
        self._speed = speed + speed_noise
        self._size += size_noise

    def corners(self) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2."""
        x, y, w, h = self.x, self.y, self.w / 2, self.h / 2
        return x - w, y - h, x + w, y + h

    def correct(self, x: float, y: float, w: float, h: float, doubt: float) -> None:
        """Take in a measured box; `doubt` multiplies the measurement's standard deviation."""
        place, mixed = self._place, self._mixed
        spread = SIGMA_CENTRE * doubt
        total = place + spread * spread
        gain, lead = place / total, mixed / total
        dx, dy = x - self.x, y - self.y
        self.x += gain * dx
        self.y += gain * dy
        self.vx += lead * dx
        self.vy += lead * dy
        self._place = place * (1 - gain)
        self._mixed = mixed * (1 - gain)
        self._speed -= lead * mixed
        spread = SIGMA_SIZE * doubt
        gain = self._size / (self._size + spread * spread)
        self.w += gain * (w - self.w)
        self.h += gain * (h - self.h)
        self._size *= 1 - gain
