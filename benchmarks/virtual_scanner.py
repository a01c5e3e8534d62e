"""How fast the virtual scanner is, a whole study and a slider on one slice: against the limits and the plain way."""

import resource
import time
from dataclasses import replace

import numpy as np

from vbqkit.anatomy.sample_patients import sample_patient
from vbqkit.scanner import protons
from vbqkit.scanner.forward_model import acquire, scan
from vbqkit.scanner.prepared import prepare
from vbqkit.scanner.presets import scanner_named

STUDY_LIMIT_S, SLIDER_LIMIT_MS, MEMORY_LIMIT_GB = 8.0, 40.0, 2.0


def seconds(function, repeats):
    """Best of a few runs, wall and processor time: what the machine can do when nothing else disturbs it."""
    times = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        function()
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(times)


def verdict(value, limit):
    return "within" if value <= limit else "MISSED"


def main() -> None:
    sample, scanner = sample_patient("case04"), scanner_named("generic-1.5t")
    rng = np.random.default_rng(1)
    body_s, body_cpu = seconds(sample.phantom, 3)
    body = sample.phantom()
    scan_s, scan_cpu = seconds(lambda: scan(body, scanner, rng=rng), 3)
    memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # before anything else has run
    apart_s, apart_cpu = seconds(lambda: [acquire(body, scanner, p, rng=rng) for p in scanner.protocols], 3)
    study, alternative = body_s + scan_s, body_s + apart_s
    print(f"One study, 15 slices, 384 x 384, T1 + T2 + STIR ({scanner.name}), best of 3 runs")
    print(f"  body             {body_s:6.2f} s wall, {body_cpu:6.2f} s processor")
    print(f"  scan             {scan_s:6.2f} s wall, {scan_cpu:6.2f} s processor")
    print(f"  together         {study:6.2f} s, limit {STUDY_LIMIT_S:g} s: {verdict(study, STUDY_LIMIT_S)}")
    print(
        f"  peak memory      {memory_gb:6.2f} GB, limit {MEMORY_LIMIT_GB:g} GB: {verdict(memory_gb, MEMORY_LIMIT_GB)}"
    )
    slower, busier = alternative / study, (body_cpu + apart_cpu) / (body_cpu + scan_cpu)
    print(
        f"  with one series after the other {alternative:.2f} s: {slower:.2f} x as long, {busier:.2f} x the processor time"
    )

    def one_slice():
        return acquire(body, scanner, "T1", rng=rng, slices=[7], gain=1.0)

    def one_slice_anew():
        protons._kept_encoding.cache_clear()
        protons._kept_line_encoding.cache_clear()
        return one_slice()

    again, anew = (seconds(scanned, 7)[0] * 1e3 for scanned in (one_slice, one_slice_anew))
    print("\nOne slice scanned on another day, its matrices kept from the first, against making them anew")
    print(f"  {again:.0f} ms against {anew:.0f} ms: {again / anew:.2f} x")

    ready = prepare(body, scanner, "T1", rng=rng)
    protocol = scanner.protocol("T1")

    def scanned_again(**changes):
        times = {k: v for k, v in changes.items() if k in ("tr_ms", "te_ms", "ti_ms")}
        machine = replace(scanner, field_t=changes.get("field_t", scanner.field_t))
        again = replace(protocol, timing=replace(protocol.timing, **times))
        return acquire(body, machine, again, rng=rng, slices=[7], gain=changes.get("gain", 1.0))

    print("\nOne slider on one slice of a prepared patient, against scanning the slice again")
    print(f"  {'setting':22s} {'slider':>9s} {'scan again':>11s} {'ratio':>7s}   limit {SLIDER_LIMIT_MS:g} ms")
    changes = (
        {"tr_ms": 700.0},
        {"te_ms": 20.0},
        {"tr_ms": 2600.0, "ti_ms": 150.0},
        {"field_t": 3.0},
        {"gain": 2.0},
        {"noise": 3.0},
    )
    for change in changes:
        quick = seconds(lambda c=change: ready.image(**c), 7)[0] * 1e3
        slow = seconds(lambda c=change: scanned_again(**c), 2)[0] * 1e3
        name = ", ".join(f"{k} {v:g}" for k, v in change.items())
        print(f"  {name:22s} {quick:6.1f} ms {slow:8.0f} ms {slow / quick:6.0f}x   {verdict(quick, SLIDER_LIMIT_MS)}")


if __name__ == "__main__":
    main()
