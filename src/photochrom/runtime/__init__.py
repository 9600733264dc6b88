"""Running a model: NumPy, libvips and ONNX Runtime; never torch."""
