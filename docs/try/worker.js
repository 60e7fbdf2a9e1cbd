// Python, beside the page: however long a program runs, the page stays alive and can end it.
import { loadPyodide } from "../lite/static/pyodide/pyodide.mjs";

// Like a notebook: what the last line gives is shown, `display` shows more, figures come at the end.
const SHOWING = `
import base64, builtins, io, logging, os, sys, traceback
from js import say
from pyodide.code import eval_code_async

os.environ["MPLBACKEND"] = "agg"
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # that it looks for fonts

def display(*things):
    for thing in things:
        bundle = getattr(thing, "_repr_mimebundle_", dict)()
        bundle = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        for kind, name in (("text/html", "_repr_html_"), ("image/svg+xml", "_repr_svg_")):
            if kind not in bundle and (shown := getattr(thing, name, lambda: None)()):
                bundle[kind] = shown
        for kind in ("text/html", "image/svg+xml"):
            if kind in bundle:
                say("html", bundle[kind])
                break
        else:
            say("text", bundle.get("text/plain", repr(thing)) + "\\n")

builtins.display = display

def show_figures():
    if plt := sys.modules.get("matplotlib.pyplot"):
        for number in plt.get_fignums():
            picture = io.BytesIO()
            plt.figure(number).savefig(picture, bbox_inches="tight", dpi=110)
            code = base64.b64encode(picture.getvalue()).decode()
            say("html", f'<img alt="The figure that the program draws." src="data:image/png;base64,{code}">')
        plt.close("all")

async def run(source):
    space = {"__name__": "__main__"}
    try:
        result = await eval_code_async(source, space, filename="<program>")
        if result is not None:
            display(result)
        show_figures()
    except BaseException as error:
        while (trace := error.__traceback__) and trace.tb_frame.f_code.co_filename != "<program>":
            if trace.tb_next is None:
                break
            error.__traceback__ = trace.tb_next
        say("error", "".join(traceback.format_exception(error)))
run
`;

function say(kind, text) {
    postMessage({ kind, text });
}
globalThis.say = say;

async function start() {
    const python = await loadPyodide({ packages: ["glassgrad"] });
    const out = (batched) => say("text", batched + "\n");
    python.setStdout({ batched: out });
    python.setStderr({ batched: out });
    const run = python.runPython(SHOWING);
    say("ready", python.version);
    return { python, run };
}

const started = start();
started.catch((error) => say("broken", String(error.message || error)));

onmessage = async ({ data }) => {
    const { python, run } = await started;
    await python.loadPackagesFromImports(data, { messageCallback: () => {} });
    say("running", "");
    await run(data);
    say("done", "");
};
