"""InceptionV1 in numbers, for the peers that need it built."""

# Channels: 1x1, 3x3 bottleneck, 3x3, 5x5 bottleneck, 5x5, reduction after the pool.
BLOCKS = {
    "mixed3a": (64, 96, 128, 16, 32, 32),
    "mixed3b": (128, 128, 192, 32, 96, 64),
    "mixed4a": (192, 96, 204, 16, 48, 64),
    "mixed4b": (160, 112, 224, 24, 64, 64),
    "mixed4c": (128, 128, 256, 24, 64, 64),
    "mixed4d": (112, 144, 288, 32, 64, 64),
    "mixed4e": (256, 160, 320, 32, 128, 128),
    "mixed5a": (256, 160, 320, 48, 128, 128),
    "mixed5b": (384, 192, 384, 48, 128, 128),
}
POOLED_BEFORE = ("mixed4a", "mixed5a")
RADIUS, BIAS, ALPHA, BETA = 5, 2.0, 1e-4, 0.5
"""Of the local response normalization."""
CHANNEL = 30
