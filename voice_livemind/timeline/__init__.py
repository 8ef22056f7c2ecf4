"""The picture of a recording and its reply, as SVG: ``picture.draw_timeline``."""
