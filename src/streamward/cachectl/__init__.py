"""``streamward cache``: look at what Redis keeps, replay it, forget it. One command per module.

What they ask of Redis is in ``cache/catalogue.py``; here are words, tables and options. The modules
need the extra ``demo``; importing this package needs nothing.
"""
