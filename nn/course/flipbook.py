"""Pictures to leaf through: a slider, buttons and the keys, without a file from the network."""

from __future__ import annotations

import base64
import html
import io
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PAGE = """\
<div id="{id}" role="group" aria-label="{alt}">
<img src="{first}" alt="{alt}" style="max-width:100%">
<div style="display:flex;gap:.6em;align-items:center;max-width:28em">
<button type="button" aria-label="back">‹</button>
<button type="button" aria-label="play">▶</button>
<button type="button" aria-label="forward">›</button>
<input type="range" min="0" max="{last}" value="0" aria-label="picture" style="flex:1">
<output>1 of {count}</output>
</div>
</div>
<script>
(() => {{
  const host = document.getElementById("{id}"), pictures = {pictures};
  const [back, play, on] = host.querySelectorAll("button");
  const slider = host.querySelector("input");
  let running = 0;
  const stop = () => {{
    clearInterval(running);
    running = 0;
    play.textContent = "▶";
    play.setAttribute("aria-label", "play");
  }};
  const show = (k) => {{
    k = Math.max(0, Math.min(pictures.length - 1, k));
    slider.value = k;
    host.querySelector("img").src = pictures[k];
    host.querySelector("output").textContent = `${{k + 1}} of ${{pictures.length}}`;
    if (k === pictures.length - 1) stop();
  }};
  back.onclick = () => {{ stop(); show(+slider.value - 1); }};
  on.onclick = () => {{ stop(); show(+slider.value + 1); }};
  slider.oninput = () => {{ stop(); show(+slider.value); }};
  play.onclick = () => {{
    if (running) return stop();
    if (+slider.value === pictures.length - 1) show(0);
    play.textContent = "❚❚";
    play.setAttribute("aria-label", "pause");
    running = setInterval(() => show(+slider.value + 1), 700);
  }};
}})();
</script>
"""


@dataclass(frozen=True)
class Flipbook:
    """Pictures in a row, as PNG, and what they show in words. A notebook shows it by itself."""

    pictures: tuple[bytes, ...]
    alt: str

    def __repr__(self) -> str:
        return f"Flipbook of {len(self.pictures)} pictures: {self.alt}"

    def _repr_html_(self) -> str:
        coded = [base64.b64encode(picture).decode() for picture in self.pictures]
        sources = [f"data:image/png;base64,{text}" for text in coded]
        return _PAGE.format(
            id=f"flipbook-{uuid.uuid4().hex[:12]}",
            alt=html.escape(self.alt),
            first=sources[0],
            count=len(sources),
            last=len(sources) - 1,
            pictures=json.dumps(sources),
        )


def flipbook(figure: Figure, draw: Callable[[int], object], count: int, alt: str) -> Flipbook:
    """Draw a figure several times over, and keep every picture.

    Args:
        figure: the matplotlib figure that `draw` draws on; it is closed afterwards.
        draw: called with 0, 1, …; it clears and draws the picture of that number.
        count: how many pictures there are.
        alt: what they show, for readers who do not see them.
    Raises:
        ValueError: count < 1.
    Example:
        >>> import matplotlib.pyplot as plt
        >>> figure, ax = plt.subplots(figsize=(2, 2))
        >>> flipbook(figure, lambda k: ax.set_title(str(k)), 3, "A title that counts.")
        Flipbook of 3 pictures: A title that counts.
    """
    import matplotlib.pyplot as plt

    if count < 1:
        raise ValueError(f"flipbook: count must be >= 1, but got {count}.")
    pictures = []
    for k in range(count):
        draw(k)
        written = io.BytesIO()
        figure.savefig(written, format="png", dpi=80)
        pictures.append(written.getvalue())
    plt.close(figure)
    return Flipbook(tuple(pictures), alt)
