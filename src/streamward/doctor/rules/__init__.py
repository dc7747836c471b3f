"""The rules, one function each: from a `Case` to what it shows, or None."""
