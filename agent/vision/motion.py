"""The motion of one box: a constant-velocity Kalman filter in plain floats, driven by real time differences."""

from __future__ import annotations

from math import exp


class BoxFilter:
    """Centre, size and their velocities; lengths in frame heights, times in seconds.

    x and y share one covariance and so do width and height, because their noises are equal; all covariances are in
    units of the body height squared, so that near and far people behave alike. The process noise is white
    acceleration (Bar-Shalom, "Estimation with Applications to Tracking and Navigation", 6.2.2), which makes the
    filter indifferent to how a span of time is cut into frames.
    """

    __slots__ = ("centre_var", "h", "size_var", "vh", "vw", "vx", "vy", "w", "x", "y")

    SIGMA_CENTRE = 0.05
    SIGMA_SIZE = 0.08
    ACCELERATION = 0.6
    SIZE_ACCELERATION = 0.05
    FIRST_SPEED = 0.8
    FIRST_GROWTH = 0.2
    COAST_S = 1.0
    GROWTH_COAST_S = 0.3

    def __init__(self, x: float, y: float, w: float, h: float) -> None:
        self.x, self.y, self.w, self.h = x, y, w, h
        self.vx = self.vy = self.vw = self.vh = 0.0
        self.centre_var = (self.SIGMA_CENTRE**2, 0.0, self.FIRST_SPEED**2)
        self.size_var = (self.SIGMA_SIZE**2, 0.0, self.FIRST_GROWTH**2)

    def predict(self, dt_s: float) -> None:
        """Move the state `dt_s` seconds on; velocities fade, so that a long wait does not carry anybody away."""
        fade, shrink = exp(-dt_s / self.COAST_S), exp(-dt_s / self.GROWTH_COAST_S)
        move, grow = self.COAST_S * (1 - fade), self.GROWTH_COAST_S * (1 - shrink)
        self.x += self.vx * move
        self.y += self.vy * move
        self.w += self.vw * grow
        self.h += self.vh * grow
        self.vx *= fade
        self.vy *= fade
        self.vw *= shrink
        self.vh *= shrink
        self.centre_var = _spread(self.centre_var, dt_s, self.ACCELERATION)
        self.size_var = _spread(self.size_var, dt_s, self.SIZE_ACCELERATION)

    def correct(self, x: float, y: float, w: float, h: float, doubt: float = 1.0) -> None:
        """Take in a measured box; `doubt` multiplies the measurement's standard deviation."""
        p, c, v = self.centre_var
        total = p + (self.SIGMA_CENTRE * doubt) ** 2
        gain, lead = p / total, c / total
        dx, dy = x - self.x, y - self.y
        self.x += gain * dx
        self.y += gain * dy
        self.vx += lead * dx
        self.vy += lead * dy
        self.centre_var = (p * (1 - gain), c * (1 - gain), v - lead * c)
        p, c, v = self.size_var
        total = p + (self.SIGMA_SIZE * doubt) ** 2
        gain, lead = p / total, c / total
        dw, dh = w - self.w, h - self.h
        self.w += gain * dw
        self.h += gain * dh
        self.vw += lead * dw
        self.vh += lead * dh
        self.size_var = (p * (1 - gain), c * (1 - gain), v - lead * c)


def _spread(variance: tuple[float, float, float], dt_s: float, intensity: float) -> tuple[float, float, float]:
    """The covariance (place, mixed, speed) after `dt_s` seconds of white acceleration of the given intensity."""
    p, c, v = variance
    noise = intensity * dt_s
    return (
        p + dt_s * (2 * c + dt_s * v) + noise * dt_s * dt_s / 3,
        c + dt_s * v + noise * dt_s / 2,
        v + noise,
    )
