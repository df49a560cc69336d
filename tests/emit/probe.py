"""Compiles a generated header and calls each of its functions from Python."""

import ctypes
import subprocess
from pathlib import Path

import numpy as np

__all__ = ["Probe"]

_SOURCE = """
#include "model.hpp"
using M = pkqsp_generated::Model;
extern "C" {
void sizes(int* s) { s[0]=M::N; s[1]=M::P; s[2]=M::Q; s[3]=M::M; s[4]=M::D; }
void coefficients(const double* p, const double* x, const double* c, double* q, double* dq)
  { M::theta(p, x, q, dq); M::segment(p, x, c, q, dq); }
// one lane at a time: Y and DQ are plain doubles that hold a direction
void rhs(double t, const double* y, const double* q, const double* Y, const double* DQ,
         double* f, double* out) {
  double jac[M::NJ], fq[M::NFQ];
  M::rhs_entries(t, y, q, f, jac, fq);
  M::rhs_lanes(y, q, jac, fq, Y, DQ, out);
}
void rhs_value(double t, const double* y, const double* q, double* f) { M::rhs(t, y, q, f); }
void contract(double t, const double* y, const double* q, const double* k, const double* Y,
              const double* DQ, double* out) {
  double my[M::NMY], mq[M::NMQ];
  M::contract_entries(t, y, q, k, my, mq);
  M::contract_lanes(y, q, k, my, mq, Y, DQ, out);
}
void time(double t, const double* y, const double* q, const double* Y, const double* DQ,
          double* ft, double* out) {
  double fty[M::NFTY], ftq[M::NFTQ];
  M::time_entries(t, y, q, ft, fty, ftq);
  M::time_lanes(y, q, fty, ftq, Y, DQ, out);
}
void initial(double t, const double* q, const double* DQ, double* y0, double* out) {
  double y0q[M::NY0Q];
  M::initial_entries(t, q, y0, y0q);
  M::initial_lanes(q, y0q, DQ, out);
}
void outputs(double t, const double* y, const double* q, const double* Y, const double* DQ,
             double* o, double* out) {
  double oy[M::NOY], oq[M::NOQ];
  M::output_entries(t, y, q, o, oy, oq);
  M::output_lanes(y, q, oy, oq, Y, DQ, out);
}
void doses(double t, const double* q, const double* DQ, double* d, double* out) {
  double dqd[M::NDQ];
  M::dose_entries(t, q, d, dqd);
  M::dose_lanes(q, dqd, DQ, out);
}
int solve(double a, double t, const double* y, const double* q, double* b) {
  double f[M::N], jac[M::NJ], fq[M::NFQ], lu[M::NLU];
  M::rhs_entries(t, y, q, f, jac, fq);
  const bool ok = M::factor(a, q, jac, lu);
  M::solve(lu, b);
  return ok;
}
}
"""


class Probe:
    """A compiled model header."""

    def __init__(self, header: str, folder: Path) -> None:
        (folder / "model.hpp").write_text(header)
        (folder / "probe.cpp").write_text(_SOURCE)
        library = folder / "probe.so"
        command = ["g++", "-std=c++17", "-O1", "-Wall", "-Werror", "-Wno-unused-variable"]
        command += ["-fPIC", "-shared", str(folder / "probe.cpp"), "-o", str(library)]
        subprocess.run(command, check=True, capture_output=True, text=True)
        self._library = ctypes.CDLL(str(library))
        sizes = np.zeros(5, dtype=np.int32)
        self._library.sizes(sizes.ctypes.data_as(ctypes.c_void_p))
        self.n, self.p, self.q, self.m, self.d = (int(s) for s in sizes)

    def call(self, name: str, *arguments: float | np.ndarray) -> int:
        """Call a function; arrays are passed by pointer and must be float64 and contiguous."""
        converted = [
            a.ctypes.data_as(ctypes.c_void_p) if isinstance(a, np.ndarray) else ctypes.c_double(a)
            for a in arguments
        ]
        return int(getattr(self._library, name)(*converted))
