// node in_pyodide.mjs PYODIDE ROOT SITE_PACKAGES FILE: runs a Python file of the checkout in Pyodide.
const [pyodide, root, site, file] = process.argv.slice(2);
const { loadPyodide } = await import(`${pyodide}/pyodide.mjs`);
const python = await loadPyodide({ indexURL: `${pyodide}/` });
await python.loadPackage(["numpy", "scipy", "pandas", "pillow"], { messageCallback: () => {} });
for (const [place, folder] of [
  ["/root", root],
  ["/site", site],
]) {
  python.FS.mkdirTree(place);
  python.mountNodeFS(place, folder);
}
python.globals.set("file", `/root/${file}`);
try {
  await python.runPythonAsync(`
import runpy, sys
sys.path.insert(0, "/root")
sys.path.append("/site")  # the packages in pure Python; the compiled ones are Pyodide's own
sys.modules.update(dict.fromkeys(("pylibjpeg", "openjpeg", "gdcm", "jpeg_ls")))  # not for a browser
runpy.run_path(file, run_name="__main__")
`);
} catch (error) {
  console.error(String(error.message));
  process.exit(1);
}
