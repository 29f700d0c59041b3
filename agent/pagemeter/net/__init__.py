"""The fence, the packet budget and the credentials: no other code opens a socket to a device."""
