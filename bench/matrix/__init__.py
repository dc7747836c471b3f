"""What proxies do to the streams of each application server, measured on loopback."""
