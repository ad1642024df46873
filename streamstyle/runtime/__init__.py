"""What runs a model's graphs: ONNX Runtime, OpenVINO, GPUs."""
