"""Whole camera-days with everything that happens in a shop: the rules about people's boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hal.simulated.scenario.day import DayPlan
from hal.simulated.scenario.noise import random_noise
from tools.rule_scores import table
from tools.rule_scores.match import tally
from tools.rule_scores.runs import Job, Outcome, run_day
from tools.rule_scores.section import Run, Section
from tools.rule_scores.table import Row

PRESENCE = ("restricted", "loitering")
PRECISION_RECALL: dict[str, tuple[float, float]] = {
    "revisit": (0.90, 0.70),
    "running": (0.90, 0.90),
    "erratic": (0.90, 0.90),
    "crowding": (0.90, 0.90),
    "queue": (0.90, 0.90),
    "assistance": (0.90, 0.90),
    "checkout_bypass": (0.90, 0.80),
}
"""The least precision and recall wanted."""
WAYS = ("running", "erratic")
USUAL_DAY = DayPlan(queues=3, prams=3, pacers=3, seekers=1)


def jobs(run: Run, rules: Sequence[str] = (*PRESENCE, *PRECISION_RECALL), *, measured: bool = True) -> list[Job]:
    """Thirty days, each in a shop, with people, with errors and with a camera of its own."""
    seeds = run.seeds(run.amount(30, 2))
    return [
        Job(run.layout(seed), seed, USUAL_DAY, random_noise(seed), tuple(rules), measured=measured) for seed in seeds
    ]


def judged(days: Sequence[Outcome]) -> Iterator[Row]:
    """The rows for what was said on some days."""
    for rule in PRESENCE:
        yield from table.presence(rule, tally(days, rule), len(days))
    for rule, (precision, recall) in PRECISION_RECALL.items():
        yield from table.precision_recall(rule, tally(days, rule), len(days), precision, recall)
    spent_s = sorted(outcome.spent_s for outcome in days)
    yield Row("all", "seconds a camera-day, one core", spent_s[len(spent_s) // 2], 20.0, most=True, note="median")


def rows(run: Run) -> Iterator[Row]:
    """Run the days and judge them; then again those rules that measure ways, by cameras that must learn the floor."""
    yield from judged(run.map(run_day, jobs(run)))
    learning = run.map(run_day, jobs(run, WAYS, measured=False))
    for rule in WAYS:
        yield from table.told(rule, "mount not measured", tally(learning, rule), len(learning))


SECTION = Section(
    "days",
    "30 camera-days in 6 shops; detector errors are drawn per day: misses 5-30 %, jitter 2-8 % of the height, 3-15 fps,"
    " false boxes, people hidden for 0.5-5 s, merged boxes, prams taken for people, ids given anew or exchanged. An"
    " onset is due when a camera can know of it: three tenths of the person are in sight, and once were clear of the"
    " zone's border; beside it stands the figure from the moment itself, in sight or not. Who truly runs makes 1.6 body"
    " heights in a second; between a tenth less and a tenth more it may be said or not. So may a bypass that leads"
    " through the till's zone for a second or two, or out past the end of the line. Each camera was fitted as"
    " docs/install.md says: height by tape (3 cm), lens as its maker says (1 %), tilt by a walk of a minute of somebody"
    " who knows their stature (2 cm), seen with the day's errors; without it the floor is learned from people.",
    rows,
)
