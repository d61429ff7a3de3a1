"""The page in a browser: what a page's author plants does not run, and does not push anything out of the window.

The policy that forbids scripts is taken out of the copy that is opened, so that escaping alone has to hold.
"""

import html
import json
import re
import shutil
import subprocess

import polars as pl
import pytest

from pipelines import outputs
from pipelines.files import write_json
from pipelines.reports import build
from stages.params import Report
from tests.pipelines.made import SHARDS, Made, params

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium or google-chrome on this machine")

OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
MEASURE = """<script>
addEventListener("load", () => {
  document.querySelectorAll("details").forEach(one => one.open = true);
  const root = document.documentElement, wide = [...document.querySelectorAll("body *")].filter(
    one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll, figure div"));
  root.dataset.seen = JSON.stringify({title: document.title, ran: window.ran || null, scroll: root.scrollWidth,
    width: innerWidth, wide: wide.slice(0, 3).map(one => one.outerHTML.slice(0, 200)),
    pictures: document.querySelectorAll("svg").length, direction: getComputedStyle(document.body).direction});
});
</script>"""
PLANTED = (
    "<script>window.ran='script';document.title='ran'</script>",
    "<img src=x onerror=\"window.ran='image'\">",
    '"><svg onload="window.ran=\'svg\'">',
    "<style>body{display:none}</style>",
    "<iframe srcdoc=\"<script>parent.ran='frame'</script>\"></iframe>",
    "<a href=\"javascript:window.ran='link'\">x</a><details open ontoggle=\"window.ran='toggle'\">",
    "</article></section></body><base href=//example.com>",
    "\u202egnp.exe\u2066 \u2067abc",
)


def opened(tmp_path, source, width):
    """What the page says of itself at a width."""
    copy = tmp_path / "copy.html"
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", source)
    assert text != source
    copy.write_text(text.replace("</head>", MEASURE + "</head>"))
    command = [BROWSER, *OPTIONS, f"--user-data-dir={tmp_path / str(width)}", f"--window-size={width},900"]
    done = subprocess.run(
        [*command, "--dump-dom", copy.as_uri()], capture_output=True, text=True, timeout=100, check=False
    )
    found = re.search(r'data-seen="([^"]*)"', done.stdout)
    assert found, done.stderr[-2000:]
    return json.loads(html.unescape(found[1]))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A page on which every word that comes from data is hostile: reasons, hosts, titles, texts, shards, verdicts."""
    made = Made(tmp_path_factory.mktemp("hostile"))
    planted, word = "".join(PLANTED), "x" * 100_000
    for shard, one in zip(SHARDS, (planted, word)):
        made.bend(
            "extract/documents", shard, text=pl.lit(one * 2), title=pl.lit(one), url=pl.lit(one), host=pl.lit(one)
        )
        made.bend("extract/decisions", shard, url=pl.lit(one), detail=pl.lit(one[:200]))
        made.bend("quality/decisions", shard, detail=pl.lit(one[:200]), also=pl.lit([one]))
        keep = pl.when("keep").then(None).otherwise(pl.lit(one))
        made.bend("dedup/decisions", shard, reason=keep)
    made.write()
    for stage in outputs.STAGES:
        counts = outputs.shard_census(made.store, stage)
        for i, one in enumerate((*PLANTED, planted, word)):
            bad = [("reason", one, 3), ("failed", one, 3), ("pair", f"{one}|{one}", 3), ("language", f"{one}|kept", 3)]
            bad += [("host", f"{one}|kept", 30), ("kind", one, 3), ("rows", "in", 9), ("rows", "kept", 3)]
            counts[f"{one[:5000]}{i}"] = bad
        outputs.write_census(made.store, stage, counts)
        digest = outputs.manifest(made.store, stage).digest
        seen = {"key": word, "words": planted, "outcome": "failed", "observed": [{planted: word}], "bound": word}
        write_json(
            outputs.gate_path(made.store, stage, "json"),
            {
                "manifest": digest,
                "rows": {planted: {"rows_checked": word}},
                "expectations": [seen | {"param": planted}],
            },
        )
    reasons = [{"code": planted, "verdict": word, "source": planted, "field": word}]
    sources = {planted: {"verdict": word, "figures": {word: planted}}}
    write_json(made.store.data("mix", "collapse.json"), {"verdict": planted, "reasons": reasons, "sources": sources})
    everywhere = params().model_copy(update={"report": Report(example_shards=100)})
    page = build.build(made.store, everywhere).read_text()
    assert page.count("x" * 300) > 20
    return page


@pytest.mark.parametrize("width", [1300, 600])
def test_nothing_that_is_planted_runs_or_leaves_the_window(hostile, tmp_path, width):
    seen = opened(tmp_path, hostile, width)
    assert (seen["ran"], seen["title"]) == (None, build.TITLE)
    assert seen["scroll"] <= seen["width"] == width
    assert seen["wide"] == []
    assert seen["pictures"] > 10
    assert seen["direction"] == "ltr"


def test_the_test_would_see_a_script_and_what_is_too_wide(hostile, tmp_path):
    """The measuring itself: the same payloads, unescaped, run; what is too wide is seen."""
    bad = f'<pre style="width: 9000px">wide</pre>{PLANTED[0]}'
    seen = opened(tmp_path, hostile.replace("</body>", f"{bad}</body>"), 900)
    assert (seen["ran"], seen["title"]) == ("script", "ran")
    assert seen["scroll"] > seen["width"]
    assert seen["wide"]
