"""What is done to documents: tables in, tables out. No path, worker, clock, network, Ray, DVC or GX in here."""
