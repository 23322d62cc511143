"""PANORAMA: made people held against the census, and against their own rules."""
