"""The hardware's part of a configuration. Light: what frees the outputs of a dead camera must not load its vision."""

from __future__ import annotations

from agent.config import Config
from agent.tables.evidence import EvidenceConfig
from agent.tables.wiring import ThermalConfig
from hal.ports import HalSettings, LineSettings, RecordingSettings, ThermalSettings


def hal_settings(config: Config, *, paced: bool = True) -> HalSettings:
    """The hardware's part of a configuration."""
    camera = config.camera
    return HalSettings(
        source=camera.source,
        width=camera.width,
        height=camera.height,
        fps=camera.fps,
        paced=paced,
        outputs={out.name: LineSettings(out.pin, out.active_high) for out in config.outputs if out.pin is not None},
        readbacks={out.name: LineSettings(out.readback_pin) for out in config.outputs if out.readback_pin is not None},
        sounds={out.name: out.wav for out in config.outputs if out.wav is not None},
        inputs={
            line.name: LineSettings(line.pin, line.active_high, line.pull == "up", line.debounce_s)
            for line in config.inputs
            if line.pin is not None
        },
        gpio=config.gpio.driver,
        data_dir=config.storage.data_dir,
        instance=camera.instance,
        seed=camera.seed,
        scene=camera.scene,
        thermal=_thermal(config.thermal),
        recording=_recording(config.evidence) if config.evidence.record and paced else None,
        privacy_masks=[mask.polygon for mask in config.privacy_masks],
    )


def _recording(evidence: EvidenceConfig) -> RecordingSettings:
    return RecordingSettings(evidence.bitrate_kbps * 1000, stream=evidence.stream)


def _thermal(array: ThermalConfig) -> ThermalSettings | None:
    if array.source == "none":
        return None
    return ThermalSettings(array.source, array.bus, array.address, array.fps)
