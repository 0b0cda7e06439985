"""Models: images in, named activations out."""
