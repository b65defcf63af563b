"""A model in a process of its own: a device that hangs, crashes or goes away takes nothing else along.

A call into a vendor's driver cannot be interrupted, and a crash in it ends the process it happens in. So whatever runs
on a device besides the CPU runs in a child that can be killed; tensors are shared memory, and a message of a few bytes
starts a run and answers it. `python -m hal.isolated FD` is the child.
"""

from __future__ import annotations

import contextlib
import json
import math
import mmap
import os
import select
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hal.errors import AcceleratorLost, HalError
from hal.ports import Accelerator, AcceleratorInfo, TensorSpec

OPEN_WITHIN_S = 60.0
"""A Coral loads its firmware when it is first used."""
ANSWER_WITHIN_S = 2.0
"""The longest a run may take; the slowest model of ours takes a tenth of it on a CPU."""
_END_WITHIN_S = 1.0
_MOST_BYTES = 64 * 1024
_ALIGN = 64
_DONE = b"done"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the child opens the model: `runtime` is litert or tflite, `library` a delegate's, `faults` a file that makes
    a simulated device of the CPU (hal.simulated.accelerator).
    """

    runtime: str
    threads: int = 1
    library: str = ""
    faults: str = ""


def open_isolated(
    content: bytes, recipe: Recipe, *, open_within_s: float = OPEN_WITHIN_S, answer_within_s: float = ANSWER_WITHIN_S
) -> Accelerator:
    """Start the child and run the model once there. Raises AcceleratorLost with what went wrong."""
    return _IsolatedModel(_Child(content, recipe), open_within_s, answer_within_s)


class _Child:
    """The other process, by its channel: whole messages in order."""

    def __init__(self, content: bytes, recipe: Recipe) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, _memory(len(content)) as model:
            os.pwrite(model, content, 0)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hal.isolated", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
            )
            socket.send_fds(self._channel, [json.dumps(asdict(recipe)).encode()], [model])

    def receive(self, within_s: float) -> tuple[bytes, list[int]]:
        """The next message, with the files that came along. Raises AcceleratorLost when none comes."""
        try:
            self._channel.settimeout(within_s)
            message, files, _, _ = socket.recv_fds(self._channel, _MOST_BYTES, 1)
        except TimeoutError:
            raise AcceleratorLost(f"no answer within {within_s:g} s") from None
        except OSError:
            message, files = b"", []
        if not message:
            raise AcceleratorLost(self._end())
        return message, files

    def ask(self, message: bytes) -> None:
        """Send a message; a child that is gone is noticed when its answer is awaited."""
        with contextlib.suppress(OSError):
            self._channel.send(message)

    def kill(self) -> None:
        """End it, whatever it does. One that even the kernel cannot end is left alone."""
        self._channel.close()
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_WITHIN_S)

    def _end(self) -> str:
        """How it ended, in words."""
        try:
            code = self._process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            return "its process hung up"
        return f"crashed the process (signal {-code})" if code < 0 else f"its process ended with {code}"


class _IsolatedModel:
    """The Accelerator port in front of a child."""

    def __init__(self, child: _Child, open_within_s: float, answer_within_s: float) -> None:
        self._child = child
        self._answer_within_s = answer_within_s
        weakref.finalize(self, child.kill)
        try:
            message, files = child.receive(open_within_s)
            if not files:
                raise AcceleratorLost(message.decode(errors="replace"))
        except AcceleratorLost:
            child.kill()
            raise
        facts = json.loads(message)
        self._info = AcceleratorInfo(**facts["info"])
        self.inputs, self.outputs = _specs(facts["inputs"]), _specs(facts["outputs"])
        arena = _mapped(files[0])
        self._views = _views(arena, (*self.inputs, *self.outputs))

    @property
    def info(self) -> AcceleratorInfo:
        return self._info

    def input(self, index: int = 0) -> NDArray[Any]:
        """The shared memory of an input; it may be held."""
        return self._views[index]

    def invoke(self) -> None:
        """Run once. Raises AcceleratorLost when there is no answer in time, and ever after."""
        try:
            self._child.ask(b"run")
            answer, _ = self._child.receive(self._answer_within_s)
            if answer != _DONE:
                raise AcceleratorLost(answer.decode(errors="replace"))
        except AcceleratorLost as error:
            self._child.kill()
            raise AcceleratorLost(f"the model stopped running on the {self._info.device}: {error}") from None

    def output(self, index: int) -> NDArray[Any]:
        """A copy of an output tensor, as stored."""
        return self._views[len(self.inputs) + index].copy()

    def close(self) -> None:
        """End the child."""
        self._child.kill()


@contextlib.contextmanager
def _memory(size: int) -> Iterator[int]:
    """A file in memory."""
    file = os.memfd_create("model")
    try:
        os.ftruncate(file, size)
        yield file
    finally:
        os.close(file)


def _mapped(file: int) -> mmap.mmap:
    """The memory behind a descriptor, which is closed."""
    try:
        return mmap.mmap(file, 0)
    finally:
        os.close(file)


def _views(arena: mmap.mmap, specs: Iterable[TensorSpec]) -> list[NDArray[Any]]:
    """The tensors one behind another in shared memory."""
    views, at = [], 0
    for spec in specs:
        views.append(np.frombuffer(arena, spec.dtype, math.prod(spec.shape), at).reshape(spec.shape))
        at += _room(spec)
    return views


def _room(spec: TensorSpec) -> int:
    size = math.prod(spec.shape) * np.dtype(spec.dtype).itemsize
    return -(-max(size, 1) // _ALIGN) * _ALIGN


def _specs(facts: Sequence[dict[str, Any]]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(**{**fact, "shape": tuple(fact["shape"])}) for fact in facts)


def serve(channel: socket.socket) -> None:
    """The child's work: open the model, then run it as often as asked, until the parent is gone."""
    threading.Thread(target=_end_with_parent, args=(channel.fileno(),), daemon=True).start()
    order, files, _, _ = socket.recv_fds(channel, _MOST_BYTES, 1)
    try:
        model = _open(_mapped(files[0])[:], Recipe(**json.loads(order)))
    except (HalError, OSError, ValueError) as error:
        channel.send((str(error).strip() or type(error).__name__).splitlines()[0].encode())
        return
    specs = (*model.inputs, *model.outputs)
    with _memory(sum(map(_room, specs))) as arena:
        facts = {"info": asdict(model.info), "inputs": [*map(asdict, model.inputs)]}
        facts["outputs"] = [*map(asdict, model.outputs)]
        socket.send_fds(channel, [json.dumps(facts).encode()], [arena])
        views = _views(_mapped(os.dup(arena)), specs)
    while channel.recv(_MOST_BYTES):
        channel.send(_run(model, views))


def _open(content: bytes, recipe: Recipe) -> Accelerator:
    from hal.tflite import load_model  # which imports this module, too

    model = load_model(content, recipe.runtime, recipe.threads, recipe.library)
    if not recipe.faults:
        return model
    from hal.simulated.accelerator import FaultyAccelerator

    return FaultyAccelerator(model, recipe.faults)


def _run(model: Accelerator, views: Sequence[NDArray[Any]]) -> bytes:
    """Run once on what the shared memory holds; what to answer."""
    count = len(model.inputs)
    for index in range(count):
        model.input(index)[...] = views[index]
    try:
        model.invoke()
    except AcceleratorLost as error:
        return str(error).encode()
    for index in range(len(model.outputs)):
        views[count + index][...] = model.output(index)
    return _DONE


def _end_with_parent(channel: int) -> None:
    """End this process, even in the middle of a run, when the parent has hung up."""
    waiter = select.poll()
    waiter.register(channel, select.POLLRDHUP)
    waiter.poll()
    os._exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
