// Lanes: P sensitivities side by side, so that one SIMD instruction works on several of them.
#pragma once

#include <cmath>
#include <cstddef>

// Values of these types never cross a function that is not inlined: their ABI does not matter.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace pkqsp {

// A SIMD vector of W doubles (GCC's and Clang's vector extension).
template <int W>
struct Vector;
template <>
struct Vector<2> {
  typedef double type __attribute__((vector_size(16), may_alias));
};
template <>
struct Vector<4> {
  typedef double type __attribute__((vector_size(32), may_alias));
};
template <>
struct Vector<8> {
  typedef double type __attribute__((vector_size(64), may_alias));
};

// Number of lanes that P sensitivities take: padded to whole vectors of four. There are four even
// where P is 0: steady states need lanes for the directions of the period map.
constexpr int padded_lanes(int p) { return p <= 4 ? 4 : (p + 3) / 4 * 4; }

// Position of lane l of row i. Lanes come in blocks of `width`, and each block holds all rows, so
// that generated code sees a plain array of vectors.
struct Layout {
  int width;
  constexpr std::size_t at(int rows, int i, int l) const {
    return (static_cast<std::size_t>(l / width) * rows + i) * width + l % width;
  }
};

}  // namespace pkqsp
