"""What surrounds the frame path: events, settings, caches. Nothing here is loaded before it is used."""
