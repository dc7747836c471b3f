"""One module per dialect; the table in ``detect`` names them all."""
