"""The long proof, run by `make soak` and by nothing else: no file here is named ``test_*``."""
