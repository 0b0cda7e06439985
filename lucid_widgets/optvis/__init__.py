"""The engine: objectives, parameterizations, transforms, and the loop."""
