"""Frames on their way to the browser: messages, bytes, pacing and threads.

Nothing in here imports TensorFlow, or knows what a widget is.
"""
