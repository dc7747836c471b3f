"""What else keeps or shares streams, beside streamward: the same answers, asked the same way."""
