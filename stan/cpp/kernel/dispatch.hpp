// The hot function, compiled for several instruction sets of x86-64, chosen at run time. Callers
// are compiled for the baseline: no -march anywhere, because Eigen's alignment in Stan depends on
// it. `flatten` inlines all callees, so that they use the same instruction set.
#pragma once

#include "advance.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(PKQSP_PLAIN)
#define PKQSP_DISPATCH 1
#else
#define PKQSP_DISPATCH 0
#endif

namespace pkqsp {

template <class Model>
using AdvanceFn = Reason (*)(Work<Model>&, Chooser&, double, Outlet&);

template <class Model, int W, bool WithLanes>
__attribute__((noinline, flatten)) Reason advance_plain(Work<Model>& w, Chooser& c, double t1,
                                                        Outlet& out) {
  return Advance<Model, W, WithLanes>{w, c}.run(t1, out);
}

#if PKQSP_DISPATCH
template <class Model, int W, bool WithLanes>
__attribute__((noinline, target("arch=x86-64-v3"), flatten)) Reason advance_v3(
    Work<Model>& w, Chooser& c, double t1, Outlet& out) {
  return Advance<Model, W, WithLanes>{w, c}.run(t1, out);
}

template <class Model, int W, bool WithLanes>
__attribute__((noinline, target("arch=x86-64-v4,prefer-vector-width=512"), flatten)) Reason
advance_v4(Work<Model>& w, Chooser& c, double t1, Outlet& out) {
  return Advance<Model, W, WithLanes>{w, c}.run(t1, out);
}

// 4: AVX-512, 3: AVX2 with FMA, 1: the baseline of x86-64.
inline int instruction_level() {
  static const int level = [] {
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd");
    return v4 ? 4 : v3 ? 3 : 1;
  }();
  return level;
}
#else
inline int instruction_level() { return 0; }
#endif

template <class Model>
struct Dispatch {
  int width;
  AdvanceFn<Model> values;
  AdvanceFn<Model> lanes;

  // `level` of `instruction_level`, or a lower one.
  static Dispatch choose(int level) {
#if PKQSP_DISPATCH
    constexpr int wide = padded_lanes(Model::P) % 8 == 0 ? 8 : 4;
    if (level >= 4) return {wide, advance_v4<Model, wide, false>, advance_v4<Model, wide, true>};
    if (level >= 3) return {4, advance_v3<Model, 4, false>, advance_v3<Model, 4, true>};
#endif
    (void)level;
    return {2, advance_plain<Model, 2, false>, advance_plain<Model, 2, true>};
  }
};

}  // namespace pkqsp
