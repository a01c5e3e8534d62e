"""Builds the course for a browser: JupyterLite with Python in WebAssembly (Pyodide)."""
