"""Pictures by a formula of whole numbers: the same everywhere, here and where the digits of TPTBox were made."""

import numpy as np


def made_up():
    """A series of 12 sagittal planes with four bodies and a canal: integers from a formula, the same everywhere."""
    plane, row, col = np.indices((12, 80, 40))
    t2 = 150 + (7 * plane + 13 * row + 29 * col + plane * row % 17) % 101
    bodies = np.zeros(t2.shape, dtype=int)
    for number in range(4):
        bodies[1:11, 6 + 18 * number : 20 + 18 * number, 5:22] = number + 1
    canal = np.zeros(t2.shape, dtype=bool)
    canal[3:9, 2:78, 26:34] = True
    t2 = np.where(canal, 600 + (5 * plane + 11 * row + 3 * col) % 43, t2)
    t2 = np.where(canal & ((row + col) % 5 == 0), 250 + (row * col) % 60, t2)  # roots
    return t2, bodies, canal


def bell():
    """5000 whole numbers with a peak and two tails."""
    k = np.arange(5000)
    return 300 + 7919 * k % 211 + 104729 * k % 97 + 31 * k % 53
