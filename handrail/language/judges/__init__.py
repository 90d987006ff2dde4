"""Judges of statements: a chat model, an ONNX folder, or a plug-in."""
