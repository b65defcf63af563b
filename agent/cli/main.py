"""The command line: commands are declared here and in the `*_commands` modules, and load what does their work.

Exit codes: 0 done; 1 the answer is no (a check failed, nothing was found); 2 wrong usage; 3 a person must act
(configuration, model, file, hardware; the message says what to do); 75 `run` wants to be started anew; 130 interrupted.
`run` and `demo` end in order at Ctrl-C, with 0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli import (
    camera_commands,
    doctor_commands,
    evidence_commands,
    field_commands,
    fitting_commands,
    model_commands,
    pairing_commands,
    review_commands,
    update_commands,
)
from agent.cli.boundary import guarded
from agent.cli.options import AsJson, ConfigFile, MaybeConfig, ModelName

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Aislewatch: the program inside a smart shop camera.",
    epilog="Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 a person must act, 130 interrupted; "
    "run and demo end in order at Ctrl-C, with 0.",
)


@app.command()
@guarded
def run(
    config: ConfigFile,
    as_json: AsJson = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Run the camera until it is stopped."""
    from agent.cli import running

    running.run(config, as_json=as_json, verbose=verbose)


@app.command()
@guarded
def demo(
    source: Annotated[str | None, typer.Option(help="simulated, a video, rtsp://... or /dev/videoN.")] = None,
    seconds: Annotated[float | None, typer.Option("--for", min=1, help="Stop by itself after so many seconds.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the live page on loopback.")] = 8723,
    model: ModelName = None,
    scene: Annotated[str, typer.Option(help="Which simulated scene.")] = "shop",
    seed: Annotated[int, typer.Option(help="Seed of the simulated scene.")] = 1,
    config: MaybeConfig = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the live page.")] = True,
    as_json: AsJson = False,
) -> None:
    """Show it: a simulated shop, its camera, a hub, and a live page."""
    from agent.cli import demonstration

    wish = demonstration.Wish(source, seconds, port, model, scene, seed, config, browser, as_json)
    demonstration.run(wish)


@app.command()
@guarded
def replay(
    video: Annotated[Path, typer.Argument(help="A video file.")],
    config: MaybeConfig = None,
    model: ModelName = None,
    as_json: AsJson = False,
    realtime: Annotated[bool, typer.Option("--realtime", help="At the video's own pace.")] = False,
    max_frames: Annotated[int | None, typer.Option("--max-frames", min=1, help="Stop after so many frames.")] = None,
    tracks: Annotated[Path | None, typer.Option("--tracks", help="Write confirmed tracks there as MOT text.")] = None,
    health: Annotated[bool, typer.Option("--health", help="Tell the picture's own health, too.")] = False,
    learn: Annotated[float, typer.Option("--learn", min=3, help="Seconds in which --health learns the scene.")] = 20,
) -> None:
    """Run a video through the same walk as on the camera: events, incidents, then a summary."""
    from agent.cli import replaying

    replaying.run(
        video,
        config,
        model,
        as_json=as_json,
        realtime=realtime,
        max_frames=max_frames,
        tracks=tracks,
        learn_s=learn if health else None,
    )


@app.command()
@guarded
def detect(
    images: Annotated[list[Path], typer.Argument(help="Pictures (JPEG, PNG, BMP).")],
    model: Annotated[str, typer.Option("--model", help="A name from `aislewatch model list`.")] = "person-m",
    as_json: AsJson = False,
) -> None:
    """Find people in pictures: all boxes with a score of at least 0.05."""
    from agent.cli import parts

    parts.detect(images, model, as_json=as_json)


@app.command()
@guarded
def track(
    detections: Annotated[Path, typer.Argument(help="MOT text: frame,-1,left,top,width,height,score.")],
    fps: Annotated[float, typer.Option(min=0.1, max=1000, help="Frames a second.")],
    size: Annotated[str, typer.Option(help="The picture, such as 1920x1080.")],
    out: Annotated[Path, typer.Option(help="Where the tracks go, as MOT text.")],
    as_json: AsJson = False,
) -> None:
    """Join detections into tracks, file in and file out."""
    from agent.cli import parts

    parts.track(detections, fps, size, out, as_json=as_json)


@app.command("score-poses")
@guarded
def score_poses(
    poses: Annotated[Path, typer.Argument(help="NumPy archive: person, frame, xy (N,17,2) px, conf (N,17), fps.")],
    out: Annotated[Path, typer.Option(help="Where the scores go, as CSV: person,frame,score.")],
    as_json: AsJson = False,
) -> None:
    """Score poses for concealment, file in and file out: one number 0..1 a person and frame."""
    from agent.cli import scoring

    scoring.score_poses(poses, out, as_json=as_json)


for commands in (
    fitting_commands,
    camera_commands,
    doctor_commands,
    pairing_commands,
    review_commands,
    evidence_commands,
    field_commands,
    model_commands,
    update_commands,
):
    commands.add_to(app)
