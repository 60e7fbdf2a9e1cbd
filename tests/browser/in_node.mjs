// Runs the Python program at argv[3] in Pyodide of the folder argv[2], and prints what it gives.
// The other folders are there for it to read: NAME=PATH appears as /NAME.
const [folder, program, ...mounts] = process.argv.slice(2);
const { loadPyodide } = await import(`${folder}/pyodide.mjs`);
const { readFileSync } = await import("node:fs");

const python = await loadPyodide({ packages: ["glassgrad"], packageCacheDir: folder });
for (const mount of mounts) {
    const [name, root] = mount.split("=");
    python.FS.mkdir(`/${name}`);
    python.FS.mount(python.FS.filesystems.NODEFS, { root }, `/${name}`);
}
try {
    await python.runPythonAsync(readFileSync(program, "utf8"));
} catch (error) {
    console.error(error.message);
    process.exitCode = 1;
}
