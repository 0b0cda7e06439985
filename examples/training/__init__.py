"""What the training of TinyInception is made of."""
