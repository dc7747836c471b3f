"""What tests share: a client that drives ASGI apps, real servers, a small guard, scripted streams."""
