// A number that is typed or dragged: `set` gets it, or null while what is typed is none.

function numberField(label, name, x, [min, max], set) {
  const wrong = el("span", { role: "alert" });
  function take(typed, other) {
    const found = typedNumber(typed);
    wrong.textContent = found === null ? " " + name + " needs a number such as 0.5, 1e-3, 1/3 or inf, not " + typed + "." : "";
    text.setAttribute("aria-invalid", found === null);
    if (found !== null) other.value = found;
    set(found);
  }
  const dragged = { type: "range", min, max, step: (max - min) / 200, "aria-label": "Drag " + name },
    slider = el("input", { ...dragged, oninput: () => take(slider.value, text) });
  const written = { type: "text", inputmode: "decimal", size: 9, "aria-label": label },
    text = el("input", { ...written, oninput: () => text.value.trim() && take(text.value.trim(), slider) });
  slider.value = x;
  text.value = String(x).replace("Infinity", "inf").toLowerCase();
  return [text, slider, wrong];
}
