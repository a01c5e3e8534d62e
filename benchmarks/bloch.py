"""The virtual scanner against a Bloch simulator on the same slice: the same contrast, and the ratio of times.

Both pictures come out of k-space; in a fast spin echo each reads every line in the same echo
(vbqkit.scanner.echo_train).

Needs MRzeroCore and PyTorch (``pip install "vbqkit[bench]"``), which are not part of the lock.
"""

import importlib.util
import time

import numpy as np

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.sample_patients import sample_patient
from vbqkit.anatomy.tissues import TISSUES, fat_t1_shares, fat_t2_ms, tissue_named
from vbqkit.scanner.echo_train import echo_of_line
from vbqkit.scanner.forward_model import UNIT_GAIN, acquire
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.sequences import Timing
from vbqkit.scanner.signals import fat_signal, water_signals

SIZE, VOXEL_MM, FIELD_T = 64, 2.0, 1.5
LIMIT = 0.03
SEQUENCES = {
    "T1 spin echo 550/11": Timing(tr_ms=550, te_ms=11),
    "T1 fast spin echo 550/11, train of 4": Timing(tr_ms=550, te_ms=11, echo_train_length=4, echo_spacing_ms=11),
    "T2 fast spin echo 3500/96, train of 8": Timing(tr_ms=3500, te_ms=96, echo_train_length=8, echo_spacing_ms=24),
    "STIR 2600/40/150": Timing(tr_ms=2600, te_ms=40, ti_ms=150),
    "fast STIR 2600/60/150, train of 8": Timing(
        tr_ms=2600, te_ms=60, ti_ms=150, echo_train_length=8, echo_spacing_ms=12
    ),
}


def one_slice() -> Phantom:
    """A single plane of the osteoporosis case around L3."""
    sample = sample_patient("case04")
    body = make_phantom(sample.patient, seed=sample.seed, in_plane_mm=VOXEL_MM, plane_mm=1.1, width_mm=8.8)
    l3 = next(r for r in body.reference_rois if r.label == "L3").center_mm
    plane, row, col = (round(v) for v in np.linalg.solve(body.affine, [*l3, 1.0])[:3])
    window = (slice(plane, plane + 1), slice(row - SIZE // 2, row + SIZE // 2), slice(col - 24, col - 24 + SIZE))
    maps = {name: getattr(body, name)[window] for name in ("tissue", "pdff", "pd_scale", "level")}
    return Phantom(**maps, affine=body.affine)


def by_equations(phantom: Phantom, timing: Timing) -> np.ndarray:
    protocol = Protocol(
        weighting="T1",
        timing=timing,
        fov_mm=SIZE * VOXEL_MM,
        matrix=SIZE,
        acquired=(SIZE, SIZE),
        slices=1,
        thickness_mm=0.5,
        gap_mm=0.0,
        bandwidth_hz_per_px=1e9,
    )
    scanner = Scanner(
        name="ideal",
        vendor="no one",
        model="ideal",
        field_t=FIELD_T,
        coil=None,
        noise=0.0,
        apodisation=0.0,
        csf_flow_per_s=0.0,
    )
    volume = acquire(phantom, scanner, protocol, rng=np.random.default_rng(0), gain=1.9)
    return np.asarray(volume.pixels[0], dtype=float) / (1.9 * UNIT_GAIN)


def bloch_data(mr0, torch, phantom: Phantom, timing: Timing, *, coils: np.ndarray | None = None):
    """Water, and fat of each T1, as pools of voxels at the same places."""
    tissue, pdff = phantom.tissue[0].ravel(), phantom.pdff[0].ravel().astype(np.float64)
    density = np.array([t.proton_density for t in TISSUES])[tissue] * phantom.pd_scale[0].ravel()
    t1 = np.array([t.t1_at(FIELD_T) for t in TISSUES])[tissue]
    t2 = np.array([t.t2_at(FIELD_T) for t in TISSUES])[tissue]
    fat_t2 = fat_t2_ms(FIELD_T, refocusing_ms=timing.refocusing_ms)
    ones, fats = np.ones_like(density), fat_t1_shares(FIELD_T)
    protons = np.concatenate([density * (1 - pdff), *(share * density * pdff for share, _ in fats)])
    t1 = np.concatenate([t1, *(t1_ms * ones for _, t1_ms in fats)])
    t2 = np.concatenate([t2, *(fat_t2 * ones for _ in fats)])
    at = (np.arange(SIZE) - SIZE // 2) / SIZE
    x, y = (np.tile(g.ravel(), 1 + len(fats)) for g in np.meshgrid(at, at, indexing="xy"))
    keep = protons > 0
    count = int(keep.sum())

    def tensor(values):
        return torch.as_tensor(np.asarray(values), dtype=torch.float32)

    return mr0.SimData(
        PD=tensor(protons[keep]),
        T1=tensor(t1[keep] / 1e3),
        T2=tensor(t2[keep] / 1e3),
        T2dash=tensor(np.full(count, 1e6)),
        D=torch.zeros(count),
        B0=torch.zeros(count),
        B1=torch.ones((1, count)),
        coil_sens=torch.ones((1, count)) if coils is None else tensor(coils[:, keep]),
        size=torch.ones(3),
        affine=torch.eye(3, 4),
        voxel_pos=tensor(np.stack([x, y, 0 * x], axis=1)[keep]),
        nyquist=torch.full((3,), float("inf")),
        dephasing_func=lambda k, _: torch.ones(len(k)),
    )


def bloch_sequence(mr0, torch, timing: Timing):
    """Excitation, refocusing train and readout, line by line; crushers and spoilers as large gradient moments."""
    sequence = mr0.Sequence(normalized_grads=False)
    train = timing.echo_train_length
    spacing = timing.te_ms if train == 1 else timing.echo_spacing_ms
    lines, per_echo = np.arange(SIZE) - SIZE // 2, SIZE // train
    # the middle of k-space lies between two of an even number of lines: count in half lines
    echo_of = echo_of_line(2 * lines + 1, SIZE, echoes=train, effective=timing.effective_echo)
    lines_of = {echo: lines[echo_of == echo] for echo in range(train)}
    crush, spoil, degree = 500.0, 3000.0, np.pi / 180

    def pulse(angle, usage, events):
        rep = sequence.new_rep(events)
        rep.pulse.angle, rep.pulse.usage = torch.tensor(angle * degree), usage
        rep.gradm[:] = 0.0
        rep.event_time[:] = 0.0
        rep.adc_usage[:] = 0
        return rep

    for shot in range(-1, per_echo):  # one dummy shot brings the steady state
        if timing.ti_ms is not None:
            turned = np.degrees(np.arccos(-timing.inversion_efficiency))  # what is left across is spoiled
            rep = pulse(turned, mr0.PulseUsage.UNDEF, 1)
            rep.gradm[0, 2], rep.event_time[0] = spoil, timing.ti_ms / 1e3
        rep = pulse(90.0, mr0.PulseUsage.EXCIT, 1)
        rep.gradm[0, 0], rep.gradm[0, 2], rep.event_time[0] = SIZE / 2, crush, spacing / 2e3
        for echo in range(train):
            line = float(lines_of[echo][max(shot, 0)])
            rep = pulse(180.0, mr0.PulseUsage.REFOC, SIZE + 2)
            rep.pulse.phase = torch.tensor(90.0 * degree)
            read = 1e-7
            rep.event_time[:] = read
            rep.event_time[0] = spacing / 2e3 - read * (SIZE // 2 + 1)
            rep.event_time[-1] = spacing / 2e3 - read * (SIZE // 2)
            rep.gradm[0, 1], rep.gradm[0, 2] = line, crush
            rep.gradm[1:-1, 0] = 1.0
            rep.gradm[-1, 1], rep.gradm[-1, 2] = -line, crush
            if shot >= 0:
                rep.adc_usage[1:-1] = 1
        done_ms = (timing.ti_ms or 0.0) + train * spacing + spacing / 2
        rep.event_time[-1] += (timing.tr_ms - done_ms) / 1e3 + spacing / 2e3
        rep.gradm[-1, 2] += spoil * (1 + 0.37 * (shot + 1))
    return sequence, [float(lines_of[e][s]) for s in range(per_echo) for e in range(train)]


def by_bloch(phantom: Phantom, timing: Timing) -> tuple[np.ndarray, float]:
    mr0, torch = importlib.import_module("MRzeroCore"), importlib.import_module("torch")

    data = bloch_data(mr0, torch, phantom, timing)
    sequence, lines = bloch_sequence(mr0, torch, timing)
    start = time.perf_counter()
    graph = mr0.compute_graph(sequence, data, 500, 1e-5)
    signal = mr0.execute_graph(graph, sequence, data, 1e-4, 1e-4, print_progress=False)
    seconds = time.perf_counter() - start
    kspace = np.zeros((SIZE, SIZE), dtype=complex)
    for line, samples in zip(lines, signal.numpy().reshape(-1, SIZE), strict=True):
        kspace[int(line) + SIZE // 2] = samples
    picture = np.abs(np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(kspace))))  # MRzeroCore 1.0: exp(-2 pi i k r)
    return picture, seconds


def at_the_center(
    phantom: Phantom, timing: Timing, names: tuple[str, ...]
) -> tuple[dict[str, float], dict[str, float]]:
    """Mean signal of each tissue of the slice in the echo at TE alone, by the equations and by Bloch.

    Each tissue has a coil of its own that hears nothing else, so no picture is needed.
    """
    mr0, torch = importlib.import_module("MRzeroCore"), importlib.import_module("torch")
    tissue, fat = phantom.tissue[0], phantom.pdff[0].astype(np.float64)
    masks = [tissue == tissue_named(name).code for name in names]
    scale = phantom.pd_scale[0].astype(np.float64)
    density = np.array([t.proton_density for t in TISSUES])[tissue] * scale
    water = water_signals(timing, FIELD_T)[tissue] * scale * (1 - fat)
    signal = np.abs(water + fat_signal(timing, FIELD_T) * density * fat)
    ours = {name: float(signal[mask].mean()) for name, mask in zip(names, masks, strict=True)}
    pools = 1 + len(fat_t1_shares(FIELD_T))
    coils = np.array([np.tile(mask.ravel(), pools) / mask.sum() for mask in masks])
    data = bloch_data(mr0, torch, phantom, timing, coils=coils)
    sequence = mr0.Sequence(normalized_grads=False)
    spacing = float(timing.echo_spacing_ms or timing.te_ms)
    for shot in range(2):
        rep = sequence.new_rep(1)
        rep.pulse.angle, rep.pulse.usage = torch.tensor(np.pi / 2), mr0.PulseUsage.EXCIT
        rep.gradm[:], rep.adc_usage[:] = 0.0, 0
        rep.gradm[0, 2], rep.event_time[0] = 500.0, spacing / 2e3
        for echo in range(timing.echo_train_length):
            rep = sequence.new_rep(2)
            rep.pulse.angle, rep.pulse.usage = torch.tensor(np.pi), mr0.PulseUsage.REFOC
            rep.pulse.phase = torch.tensor(np.pi / 2)
            rep.gradm[:], rep.adc_usage[:] = 0.0, 0
            rep.gradm[:, 2], rep.event_time[:] = 500.0, spacing / 2e3
            rep.adc_usage[0] = int(shot == 1 and round((echo + 1) * spacing) == round(timing.te_ms))
        rep.event_time[1] += (timing.tr_ms - (timing.echo_train_length + 0.5) * spacing) / 1e3
        rep.gradm[1, 2] += 3000.0
    graph = mr0.compute_graph(sequence, data, 500, 1e-6)
    heard = mr0.execute_graph(graph, sequence, data, 1e-6, 1e-6, print_progress=False)
    return ours, dict(zip(names, np.abs(heard.numpy()[0]).astype(float), strict=True))


def tissue_means(picture: np.ndarray, phantom: Phantom, names: tuple[str, ...]) -> dict[str, float]:
    """Mean over the inside of each tissue, one voxel away from its edge."""
    from scipy.ndimage import binary_erosion

    inside = {name: binary_erosion(phantom.tissue[0] == tissue_named(name).code) for name in names}
    return {name: float(picture[mask].mean()) for name, mask in inside.items() if mask.any()}


def print_contrast(ours: dict[str, float], theirs: dict[str, float]) -> None:
    for tissue, value in ours.items():
        if tissue == "csf":
            continue
        mine, bloch = value / ours["csf"], theirs[tissue] / theirs["csf"]
        off = mine / bloch - 1
        word = "within" if abs(off) <= LIMIT else "MISSED"
        print(f"  {tissue:18s} {mine:10.4f} {bloch:8.4f} {off:+11.2%}   {word}")


def main() -> None:
    if importlib.util.find_spec("MRzeroCore") is None:
        print('MRzeroCore is not installed; install it with: pip install "vbqkit[bench]"')
        return
    phantom = one_slice()
    names = ("csf", "marrow", "disc_nucleus", "disc_degenerate", "muscle", "subcutaneous_fat")
    names = tuple(n for n in names if (phantom.tissue[0] == tissue_named(n).code).sum() >= 20)
    print(
        f"One slice, {SIZE} x {SIZE} voxels of {VOXEL_MM:g} mm, {FIELD_T:g} T: signal relative to CSF, limit {LIMIT:.0%}"
    )
    for name, timing in SEQUENCES.items():
        ours_s = float("inf")
        for _ in range(5):  # milliseconds: the best of five is what the machine can do
            start = time.perf_counter()
            ours = by_equations(phantom, timing)
            ours_s = min(ours_s, time.perf_counter() - start)
        theirs, theirs_s = by_bloch(phantom, timing)
        print(
            f"\n{name}: the virtual scanner is {theirs_s / ours_s:.0f} times as fast as MRzeroCore on the same machine"
        )
        print(f"  {'tissue':18s} {'vbqkit':>10s} {'Bloch':>8s} {'difference':>11s}")
        if timing.echo_train_length > 1 and timing.ti_ms is None:
            print(" the echo at TE, which fills the middle of k-space:")
            print_contrast(*at_the_center(phantom, timing, names))
            print(" the picture, whose lines the echoes of the train read one after the other:")
        print_contrast(*(tissue_means(p, phantom, names) for p in (ours, theirs)))


if __name__ == "__main__":
    main()
