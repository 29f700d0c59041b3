"""Which device is this? Evidence, merging, silence."""
