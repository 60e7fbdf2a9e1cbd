"""Matrices in the player: heat maps, and beside the numbers of a chosen node their gradients."""

import numpy as np
import pytest

from autograd import Tensor, backprop
from nn import MultiheadAttention, functional
from tests.autograd.viz.player.players import needs_browser

pytestmark = needs_browser

HEATS = """(tables) => {
    const heat = (cell) => getComputedStyle(cell).backgroundColor.match(/[\\d.]+(?=\\)$)/);
    const known = (cell) =>
        [cell.textContent, Number((heat(cell) || [0])[0]), cell.getAttribute("style")];
    return tables.map((table) => [...table.rows].map((row) => [...row.cells].map(known)));
}"""


def scores():
    """The pass of an attention that looks back alone."""
    rng = np.random.default_rng(0)
    q, k, v = (
        Tensor(rng.normal(size=(4, 3)).round(1), requires_grad=True, label=name) for name in "qkv"
    )
    loss = (functional.scaled_dot_product_attention(q, k, v, is_causal=True) ** 2).sum()
    return backprop(loss)


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_a_chosen_matrix_is_a_heat_map_beside_that_of_its_gradient(play, color_scheme):
    steps = scores()
    ((place, softmax),) = (
        (k, node)
        for k, node in enumerate(steps.nodes)
        if node.op and node.op.name == "safe_softmax"
    )
    masked = softmax.parents[0]
    assert steps.nodes[place - 1] is masked
    page = play(steps, color_scheme=color_scheme).page
    page.get_by_role("button", name="attention with a mask").first.click()
    page.locator(f'[data-node="n{place - 1}"]').first.click(force=True)
    page.wait_for_selector(".about .mx")
    tables = page.locator(".about .mx").evaluate_all(HEATS)
    arrays = np.asarray(masked.data), np.asarray(steps.gradient(masked))
    for table, array in zip(tables, arrays, strict=True):
        top = abs(array[np.isfinite(array)]).max()
        for cells, row in zip(table, array, strict=True):
            for (text, heat, style), number in zip(cells, row, strict=True):
                assert float(text) == pytest.approx(number, rel=1e-3)
                expected = 0.4 * abs(number) / top if np.isfinite(number) else 0.0
                assert heat == pytest.approx(expected, abs=0.006)
                assert ("--done" in style) == bool(number < 0 and np.isfinite(number))


def test_the_scores_of_several_heads_stand_below_one_another(play):
    layer, x = MultiheadAttention(4, 2), np.random.default_rng(0).normal(size=(3, 1, 4))
    steps = backprop((layer(x, x, x, need_weights=False)[0] ** 2).sum())
    ((place, scores),) = (
        (k, node) for k, node in enumerate(steps.nodes) if np.shape(node.data) == (1, 2, 3, 3)
        if node.op.name == "matmul"
    )  # fmt: skip
    page = play(steps).page
    page.get_by_role("button", name="attention").last.click()
    page.locator(f'[data-node="n{place}"]').first.click(force=True)
    page.wait_for_selector(".about .mx")
    table, _ = page.locator(".about .mx").evaluate_all(HEATS)
    assert [len(row) for row in table] == [3, 3, 3, 0, 3, 3, 3]
    found = [[float(text) for text, _, _ in row] for row in table if row]
    np.testing.assert_allclose(found, scores.data.reshape(6, 3), rtol=1e-3)


def test_a_matrix_of_zeros_is_not_coloured(play):
    x = Tensor(np.zeros((3, 3)), requires_grad=True, label="x")
    page = play(backprop((x * x).sum())).page
    page.locator('[data-node="n0"]').first.click(force=True)
    page.wait_for_selector(".about .mx")
    (table, *_) = page.locator(".about .mx").evaluate_all(HEATS)
    assert {heat for row in table for _, heat, _ in row} == {0}


def long_bias():
    """A pass in which a long vector gets its gradient in parts."""
    x = Tensor(np.linspace(-1.03125, 1.0, 12), requires_grad=True, label="long_bias")
    return backprop(((x[:4] ** 2).sum() + (x[4:8] ** 3).sum() + (x[2:9] * 0.12345).sum()) * 1e-3)


@pytest.mark.parametrize("width", [390, 930])
def test_a_long_vector_scrolls_in_its_cell_instead_of_widening_the_page(play, width):
    steps = long_bias()
    page = play(steps, viewport={"width": width, "height": 800}).page
    page.locator(".glassgrad").focus()
    for _ in range(len(steps.nodes) + len(steps) + 1):
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".strip .mx").count()


def test_the_words_beside_a_gradient_do_not_run_into_it(play):
    page = play(long_bias(), viewport={"width": 930, "height": 800}).page
    page.locator(".glassgrad").focus()
    page.keyboard.press("End")
    parts = set()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
        texts = page.locator('[data-node="n0"] text').evaluate_all(
            "(all) => all.map((e) => [e.textContent, ...['left', 'right', 'top'].map((x) => "
            "e.getBoundingClientRect()[x])])"
        )
        parts |= {words for words, *_ in texts if "/" in words}
        for words, left, right, top in texts:
            for other, start, _, beside in texts:
                in_one_row = start > left and abs(top - beside) < 4
                assert not in_one_row or start >= right, (words, other)
    assert parts == {"1/3", "2/3"}


def test_at_the_end_no_gradient_touches_the_word_before_it(play):
    q = Tensor([[3.0, 0.0], [0.123, 3.0]], requires_grad=True, label="Q")
    k = Tensor([[-0.7216, -0.2211], [4.141, 0.9123]], requires_grad=True, label="K")
    player = play(backprop((q @ k / np.sqrt(2)).sum()))
    player.press("End")
    gaps = player.page.evaluate("""() => {
        const {shadowRoot} = document.querySelector(".glassgrad");
        const texts = [...shadowRoot.querySelectorAll("[data-node] text")];
        const right = (e) => e.getBoundingClientRect().right;
        const left = (e) => e.getBoundingClientRect().left;
        return texts.filter((e) => e.textContent === "grad ✓").map((word) => Math.min(
            ...[...word.closest("[data-node]").querySelectorAll("text")].filter(
                (e) => e !== word && e.getAttribute("y") === word.getAttribute("y"),
            ).map((e) => left(e) - right(word))));
    }""")
    assert len(gaps) >= 4
    assert min(gaps) > 2
