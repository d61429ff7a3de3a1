"""`make pictures`: the pictures of README.md, drawn by headless Chromium from the run that lies under data/.

The report is shown as it is; explain's output is set in a page of its own. Needs Debian's `chromium`.
"""

import html
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
TERMINAL = """<!doctype html><meta charset="utf-8"><style>body{margin:0;background:#10191c;color:#dfe7e6}
pre{font:15px/1.45 'DejaVu Sans Mono',monospace;padding:24px;margin:0;white-space:pre-wrap}b{color:#7fc4b9}</style>"""
OTHERS = re.compile(r'<section id="(?!distributions)[^"]*">.*?</section>', re.DOTALL)
ASKED = "https://mirror.example.com/rainlog/essays/diary.html"


def shoot(page: Path, picture: str, width: int, height: int) -> None:
    """Write docs/<picture> from a page."""
    with tempfile.TemporaryDirectory() as profile:
        target = ROOT / "docs" / picture
        size = f"--window-size={width},{height}"
        command = ["chromium", *QUIET, f"--user-data-dir={profile}", size, f"--screenshot={target}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True)


def explained(url: str) -> str:
    """What explain prints, as a page."""
    command = [sys.executable, "-m", "pipelines.explain", url]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    kept = [line for line in said.splitlines() if "_share " not in line and "gram_share" not in line]
    text = html.escape("\n".join(kept))
    return f"{TERMINAL}<pre><b>$ python -m pipelines.explain {html.escape(url)}</b>\n{text}</pre>"


def main() -> None:
    """Draw the report's beginning, its distributions and one explanation."""
    report = ROOT / "data" / "reports" / "index.html"
    shoot(report, "funnel.png", 1160, 830)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "explain.html"
        page.write_text(explained(ASKED))
        shoot(page, "explain.png", 1000, 720)
        part = Path(folder) / "distributions.html"
        part.write_text(OTHERS.sub("", report.read_text()))
        shoot(part, "distributions.png", 1160, 1000)


if __name__ == "__main__":
    main()
