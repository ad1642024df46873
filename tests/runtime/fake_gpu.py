"""An ONNX Runtime that says it has GPUs, and computes on the CPU: the real module with another face.

Results are real, so that what is bound, uploaded, extended and cut off can be checked by what comes out.
"""

from types import SimpleNamespace

import numpy as np
import onnxruntime

ALL = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]


class Options(onnxruntime.SessionOptions):
    """Remembers what was set."""

    def __init__(self):
        super().__init__()
        self.entries, self.fixed, self.devices = {}, {}, []

    def add_session_config_entry(self, key, value):
        self.entries[key] = value
        super().add_session_config_entry(key, value)

    def add_free_dimension_override_by_name(self, name, size):
        self.fixed[name] = size
        super().add_free_dimension_override_by_name(name, size)

    def add_provider_for_devices(self, devices, options):
        self.devices.append((devices, options))


class FakeRuntime:
    """What the engine uses of the module.

    Attributes:
        sessions: (file's name, options, {provider: its options}) of each that was opened.
        uploads: Shapes that went to the device.
        refuse: Given (options, providers), says why such a session does not open, or nothing.
        running: The provider that really runs, whatever was asked for; None for the first one asked for.
    """

    __version__ = "1.31.1"
    SessionOptions = Options

    def __init__(self, available=ALL, running=None):
        self.available, self.running = available, running
        self.sessions, self.uploads, self.runs = [], [], []
        self.refuse = lambda _options, _providers: None
        self.refuse_run = lambda _providers: None
        self.left_to_cpu = 0
        self.preloaded = 0
        self.OrtValue = SimpleNamespace(ortvalue_from_numpy=self._value_of, ortvalue_from_shape_and_type=self._value)
        self.plugin_devices = []
        self.registered = []

    def get_available_providers(self):
        return list(self.available)

    def preload_dlls(self):
        self.preloaded += 1

    def register_execution_provider_library(self, name, library):
        if name in self.registered:
            raise RuntimeError(f"[ONNXRuntimeError] : 1 : FAIL : EP library is already registered under {name}")
        self.registered.append(name)

    def get_ep_devices(self):
        return self.plugin_devices

    def InferenceSession(self, path, options, providers=None, enable_fallback=1):  # noqa: N802 - as the real one
        assert enable_fallback == 0, "ONNX Runtime's own fallback prints to the terminal"
        chosen = [one if isinstance(one, tuple) else (one, {}) for one in providers or ()]
        chosen = chosen or [(options.devices[0][0][0].ep_name, options.devices[0][1])]
        why = self.refuse(options, dict(chosen))
        if why:
            raise RuntimeError(why)
        real = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.sessions.append((path.rpartition("/")[2], options, dict(chosen)))
        return _Session(self, real, [name for name, _ in chosen])

    def _value(self, shape, element_type, device, _number):
        assert device == "cuda"
        return _Value(self, onnxruntime.OrtValue.ortvalue_from_shape_and_type(shape, element_type))

    def _value_of(self, array, device, number):
        value = self._value(array.shape, array.dtype.type, device, number)
        value.update_inplace(array)
        return value


class _Value:
    def __init__(self, runtime, real):
        self._runtime, self.real = runtime, real

    def update_inplace(self, array):
        assert array.flags.c_contiguous
        assert tuple(self.real.shape()) == array.shape
        self._runtime.uploads.append(array.shape)
        self.real.update_inplace(array)

    def numpy(self):
        return self.real.numpy().copy()


class _Session:
    def __init__(self, runtime, real, providers):
        self._runtime, self._real, self._providers = runtime, real, providers
        self.get_inputs, self.get_outputs, self.get_modelmeta = real.get_inputs, real.get_outputs, real.get_modelmeta

    def get_providers(self):
        return [self._runtime.running or self._providers[0]]

    def get_provider_graph_assignment_info(self):
        left = self._runtime.left_to_cpu
        conv = SimpleNamespace(op_type="Conv")
        there = SimpleNamespace(ep_name=self._providers[0], get_nodes=lambda: [conv] * (16 - left))
        return [there, SimpleNamespace(ep_name="CPUExecutionProvider", get_nodes=lambda: [conv] * left)]

    def io_binding(self):
        return _Binding(self._real.io_binding())

    def run(self, names, feeds):
        self._runtime.runs.append(("plain", feeds["content"].shape if "content" in feeds else None))
        return self._real.run(names, feeds)

    def run_with_iobinding(self, binding):
        why = self._runtime.refuse_run(self._providers)
        if why:
            raise RuntimeError(why)
        self._runtime.runs.append(("bound", binding.frame.shape()))
        self._real.run_with_iobinding(binding.real)


class _Binding:
    def __init__(self, real):
        self.real = real

    def bind_ortvalue_input(self, name, value):
        if name == "content":
            self.frame = value.real
        self.real.bind_ortvalue_input(name, value.real)

    def bind_ortvalue_output(self, name, value):
        self.real.bind_ortvalue_output(name, value.real)


def plugin_device(name):
    return SimpleNamespace(ep_name=name)


def picture(height=48, width=80, seed=5):
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 90, (height, width, 3)) + np.linspace(0, 150, width)[None, :, None]
    return noise.clip(0, 255).astype(np.uint8)
