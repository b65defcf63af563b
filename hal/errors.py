"""Everything the hardware can refuse to do. Vendor errors are translated into these, once, in the adapters.

HalError
├── RetryableHalError                 the caller tries again, with back-off
│   ├── CameraStalled (TimeoutError)  no frame within the time allowed
│   ├── CameraLost (ConnectionError)  the stream or device went away; open() again
│   ├── AcceleratorLost               the delegate died; fall back to the CPU
│   └── ThermalLost                   the thermal array does not answer
└── OperatorHalError                  a person must change something; `hint` says what
    ├── CameraUnavailable             no such camera, busy, or no permission
    ├── MediaUnreadable (ValueError)  a file that is not a video, or a truncated one
    ├── ModelUnreadable (ValueError)  not a model, or one this runtime cannot run
    ├── RuntimeMissing (ImportError)  the inference runtime asked for is not installed
    ├── OutputUnavailable             no such pin, or it is in use
    ├── InputUnavailable              no such pin, or it is in use
    ├── RebootRefused                 the system does not let this user reboot it
    └── ThermalUnavailable            no thermal array at that address, or no driver for it
"""


class HalError(Exception):
    """A fault of the hardware or its driver; `hint` tells a technician what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class RetryableHalError(HalError):
    """It may work again in a moment."""


class CameraStalled(RetryableHalError, TimeoutError):
    """The camera delivered no frame within the time allowed."""


class CameraLost(RetryableHalError, ConnectionError):
    """The stream ended or the device went away."""


class AcceleratorLost(RetryableHalError):
    """The accelerator stopped answering."""


class ThermalLost(RetryableHalError):
    """The thermal array does not answer."""


class OperatorHalError(HalError):
    """A person must change something."""


class CameraUnavailable(OperatorHalError):
    """The camera cannot be opened."""


class MediaUnreadable(OperatorHalError, ValueError):
    """The file holds no video that can be read."""


class ModelUnreadable(OperatorHalError, ValueError):
    """The model file cannot be run."""


class RuntimeMissing(OperatorHalError, ImportError):
    """The inference runtime asked for is not installed."""


class OutputUnavailable(OperatorHalError):
    """The output line cannot be claimed or driven."""


class InputUnavailable(OperatorHalError):
    """The input line cannot be claimed or read."""


class RebootRefused(OperatorHalError):
    """The computer does not reboot when asked."""


class ThermalUnavailable(OperatorHalError):
    """The thermal array cannot be found or has no driver."""
