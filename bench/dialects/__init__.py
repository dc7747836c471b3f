"""What it costs to read a stream, dialect by dialect."""
