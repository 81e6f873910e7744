"""QR codes as dark squares on the page: sharp at any size, a tenth of what a picture would take."""

from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel
from reportlab.platypus import Flowable

QUIET = 4  # modules of white around the code, as readers expect
MASK = 2  # one of the eight patterns; looking for the prettiest takes ten times as long, and readers read any


class QrFlowable(Flowable):
    """A QR code that survives a crease (level M); `side` in points, the quiet zone included."""

    def __init__(self, text, side):
        super().__init__()
        self.width = self.height = side
        code = QRCode(None, QRErrorCorrectLevel.M)
        code.addData(text)
        code.version = code.calculate_version()
        code.makeImpl(False, MASK)
        self.rows = code.modules
        self.hAlign = "CENTER"

    def wrap(self, *_available):
        return self.width, self.height

    def draw(self):
        """In whole modules, counted from the lower left corner."""
        modules = len(self.rows) + 2 * QUIET
        self.canv.scale(self.width / modules, self.width / modules)
        path = self.canv.beginPath()
        for y, row in enumerate(reversed(self.rows), start=QUIET):
            for start, length in _dark_runs(row):
                path.rect(QUIET + start, y, length, 1)
        self.canv.drawPath(path, stroke=0, fill=1)


def _dark_runs(row):
    """(first, how many) of each row of dark modules side by side."""
    start = None
    for place, is_dark in enumerate([*row, False]):
        if is_dark and start is None:
            start = place
        elif not is_dark and start is not None:
            yield start, place - start
            start = None
