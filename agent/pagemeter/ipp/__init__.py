"""IPP: the codec, the operations that only read, and the client."""
