// node in_pyodide.mjs PYODIDE ROOT SITE_PACKAGES FILE: runs a Python file of the checkout in Pyodide.
const [pyodide, root, site, file] = process.argv.slice(2);
const { loadPyodide } = await import(`${pyodide}/pyodide.mjs`);
const python = await loadPyodide({ indexURL: `${pyodide}/` });
await python.loadPackage(["numpy", "scipy", "pandas"], { messageCallback: () => {} });
for (const [place, folder] of [["/root", root], ["/site", site]]) {
  python.FS.mkdirTree(place);
  python.mountNodeFS(place, folder);
}
python.globals.set("file", `/root/${file}`);
await python.runPythonAsync(`
import runpy, sys
sys.path.insert(0, "/root")
sys.path.append("/site")  # the packages in pure Python; the compiled ones are Pyodide's own
runpy.run_path(file, run_name="__main__")
`);
