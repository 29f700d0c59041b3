"""What a plugin author needs in tests."""
