"""How many streams one core carries. ``python -m bench.load`` runs it; see ``__main__``."""
