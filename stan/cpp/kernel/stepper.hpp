// One step of any `Method`: the stages of the state and of its sensitivities.
//
// Sensitivities are those of the discrete solution: each stage equation is differentiated
// with the second-order contraction d(J u)/dp of a Rosenbrock stage.
#pragma once

#include <cmath>
#include <type_traits>

#include "work.hpp"

// Scratch of one kind of method is read by that kind only; GCC cannot detect this.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace pkqsp {

template <class Model, int W, bool WithLanes>
struct Stepper {
  using T = typename Vector<W>::type;
  static constexpr int N = Model::N, Q = Model::Q, L = Work<Model>::L, B = L / W;

  Work<Model>& w;

  static T* lanes(double* p, int block, int rows) {
    return reinterpret_cast<T*>(p) + static_cast<long>(block) * rows;
  }
  T* stage_of(int i, int block) { return lanes(w.U + static_cast<long>(i) * N * L, block, N); }

  // Derivatives at the start of a step: computed once per point, for all attempts.
  void begin() {
    Model::rhs_entries(w.clock(w.t), w.y, w.q, w.f0, w.jac0, w.fq0);
    add_rates(w.f0);
    if constexpr (!Model::AUTONOMOUS) begin_time();
  }

  void begin_time() {
    double fty[Model::NFTY], ftq[Model::NFTQ];
    Model::time_entries(w.clock(w.t), w.y, w.q, w.ft, fty, ftq);
    const double flows = w.frozen ? 0.0 : 1.0;
    for (int n = 0; n < N; ++n) w.ft[n] *= flows;
    if constexpr (WithLanes) {
      for (int b = 0; b < B; ++b) {
        T* out = lanes(w.time_lanes, b, N);
        Model::time_lanes(w.y, w.q, fty, ftq, lanes(w.Y, b, N), lanes(w.DQ, b, Q), out);
        for (int n = 0; n < N; ++n) out[n] = flows * out[n];
      }
    }
  }

  void add_rates(double* f) const {
    for (int d = 0; d < Model::D; ++d) f[Model::DOSE_STATE[d]] += w.rate[d];
  }

  // Tries a step of size h; false if the iteration matrix is singular.
  bool attempt(double h) {
    const Method& m = *w.method;
    if (m.kind != Kind::explicit_pair) {
      ++w.stats.factorisations;
      if (!Model::factor(1.0 / (h * m.gamma), w.q, w.jac0, w.lu)) return false;
    }
    if constexpr (Model::LINEAR) {
      if (m.kind == Kind::linear) {
        run_linear(1.0 / (h * m.gamma));
        return true;
      }
    }
    for (int i = 0; i < m.stages; ++i) run_stage(m, i, h);
    finish(m);
    return true;
  }

  static bool implicit(const Method& m) { return m.kind == Kind::rosenbrock; }

  // -- linear systems -------------------------------------------------------------------------

  // The constant part r of y' = A y + r: once per stretch.
  void begin_linear() {
    const double zero[N] = {};
    Model::rhs(w.clock(w.t), zero, w.q, w.input);
    add_rates(w.input);
  }

  // w_i = (a I - A)^-1 (a w_(i-1) + r), and the derivative of that.
  void run_linear(double a) {
    for (int i = 0; i < norsett8.stages; ++i) {
      const double* before = i == 0 ? w.y : w.u + (i - 1) * N;
      double r[N];
      for (int n = 0; n < N; ++n) r[n] = a * before[n] + w.input[n];
      Model::solve(w.lu, r);
      for (int n = 0; n < N; ++n) w.u[i * N + n] = r[n];
      if constexpr (WithLanes) run_linear_lanes(a, i);
    }
    for (int n = 0; n < N; ++n) {
      double sum = 0.0;
      for (int i = 0; i < norsett8.stages; ++i) sum += norsett8_solution[i] * w.u[i * N + n];
      w.y_new[n] = sum;
    }
    for (int b = 0; b < B && WithLanes; ++b) {
      T* out = lanes(w.new_lanes, b, N);
      const T* u = stage_of(0, b);
      for (int n = 0; n < N; ++n) {
        T sum{};
        each<8>([&](auto j) { sum += norsett8_solution[j] * u[static_cast<long>(j) * N * B + n]; });
        out[n] = sum;
      }
    }
  }

  void run_linear_lanes(double a, int i) {
    const double* u = w.u + i * N;
    double f[N], jac[Model::NJ], fq[Model::NFQ];
    Model::rhs_entries(w.clock(w.t), u, w.q, f, jac, fq);
    for (int b = 0; b < B; ++b) {  // blocks are independent: the processor can overlap them
      const T *before = i == 0 ? lanes(w.Y, b, N) : stage_of(i - 1, b);
      const T* rate = lanes(w.RATE, b, w.D);
      T r[N];
      Model::parameter_lanes(u, w.q, fq, lanes(w.DQ, b, Q), r);  // dA/dp u + dr/dp
      for (int d = 0; d < Model::D; ++d) r[Model::DOSE_STATE[d]] += rate[d];
      for (int n = 0; n < N; ++n) r[n] += a * before[n];
      Model::solve(w.lu, r);
      T* out = stage_of(i, b);
      for (int n = 0; n < N; ++n) out[n] = r[n];
    }
  }

  void weigh_dense(double s, double (&weight)[9]) const {
    for (int j = 0; j < 9; ++j) {
      double sum = 0.0;
      for (int k = 8; k >= 0; --k) sum = sum * s + norsett8_dense[j][k];
      weight[j] = sum;
    }
  }

  void run_stage(const Method& m, int i, double h) {
    double* u = w.u + static_cast<long>(i) * N;
    double jac[Model::NJ], fq[Model::NFQ], r[N], extra[N];
    mix_state(m, i, h, extra);
    const double t = w.clock(w.t + m.alpha[i] * h);
    if (WithLanes && !Model::LINEAR) {
      Model::rhs_entries(t, w.stage, w.q, r, jac, fq);
    } else {
      Model::rhs(t, w.stage, w.q, r);
    }
    add_rates(r);
    if (implicit(m)) {
      for (int n = 0; n < N; ++n) r[n] += extra[n];
      if constexpr (!Model::AUTONOMOUS) {
        for (int n = 0; n < N; ++n) r[n] += h * m.g[i] * w.ft[n];
      }
      Model::solve(w.lu, r);
      for (int n = 0; n < N; ++n) u[n] = r[n];
    } else {
      for (int n = 0; n < N; ++n) u[n] = h * r[n];
    }
    if constexpr (WithLanes) run_lanes(m, i, h, u, jac, fq);
  }

  void run_lanes(const Method& m, int i, double h, const double* u, double* jac, double* fq) {
    double my[Model::NMY], mq[Model::NMQ], z[N];
    const double* point = w.stage;
    if constexpr (Model::LINEAR) {
      // f_q and its contraction are the same linear map: one product is used for both.
      double f[N];
      point = z;
      for (int n = 0; n < N; ++n) z[n] = w.stage[n] + (implicit(m) ? u[n] : 0.0);
      Model::rhs_entries(w.clock(w.t), z, w.q, f, jac, fq);
    } else if (implicit(m)) {
      Model::contract_entries(w.clock(w.t), w.y, w.q, u, my, mq);
    }
    for (int b = 0; b < B; ++b) {
      T r[N], extra[N];
      const T* DQ = lanes(w.DQ, b, Q);
      T* at = mix_lanes(m, i, h, b, extra);
      Model::rhs_lanes(point, w.q, jac, fq, at, DQ, r);
      for (int d = 0; d < Model::D; ++d) {
        r[Model::DOSE_STATE[d]] += lanes(w.RATE, b, Work<Model>::D)[d];
      }
      T* out = stage_of(i, b);
      if (implicit(m)) {
        if constexpr (!Model::LINEAR) {
          Model::contract_lanes(w.y, w.q, u, my, mq, lanes(w.Y, b, N), DQ, r);
        }
        for (int n = 0; n < N; ++n) r[n] += extra[n];
        if constexpr (!Model::AUTONOMOUS) {
          const T* ft = lanes(w.time_lanes, b, N);
          for (int n = 0; n < N; ++n) r[n] += h * m.g[i] * ft[n];
        }
        Model::solve(w.lu, r);
        for (int n = 0; n < N; ++n) out[n] = r[n];
      } else {
        for (int n = 0; n < N; ++n) out[n] = h * r[n];
      }
    }
  }

  // Combinations of earlier stages: the point of this stage, and the sum with c_ij / h.
  void mix_state(const Method& m, int i, double h, double* extra) {
    for (int n = 0; n < N; ++n) extra[n] = 0.0;
    if (m.chained[i]) {
      for (int n = 0; n < N; ++n) w.stage[n] += w.u[(i - 1) * N + n];
    } else {
      for (int n = 0; n < N; ++n) w.stage[n] = w.y[n];
      for (int j = 0; j < i; ++j) {
        const double a = m.a[i][j];
        for (int n = 0; n < N; ++n) w.stage[n] += a * w.u[j * N + n];
      }
    }
    if (!implicit(m)) return;
    for (int j = 0; j < i; ++j) {
      const double c = m.c[i][j] / h;
      for (int n = 0; n < N; ++n) extra[n] += c * w.u[j * N + n];
    }
  }

  T* mix_lanes(const Method& m, int i, double h, int b, T* extra) {
    T* at = lanes(w.stage_lanes, b, N);
    double c[max_stages];
    for (int j = 0; j < i; ++j) c[j] = m.c[i][j] / h;
    if (m.chained[i]) {
      const T* before = stage_of(i - 1, b);
      for (int n = 0; n < N; ++n) at[n] += before[n];
      if (i == 5) mix_c<5>(b, c, extra);
      else if (i == 6) mix_c<6>(b, c, extra);
      else mix_c<7>(b, c, extra);
      return at;
    }
    const double* a = m.a[i];
    switch (i) {
      case 0: mix<0>(b, a, c, at, extra); break;
      case 1: mix<1>(b, a, c, at, extra); break;
      case 2: mix<2>(b, a, c, at, extra); break;
      case 3: mix<3>(b, a, c, at, extra); break;
      case 4: mix<4>(b, a, c, at, extra); break;
      case 5: mix<5>(b, a, c, at, extra); break;
      default: mix<6>(b, a, c, at, extra); break;
    }
    return at;
  }

  template <int I>
  void mix(int b, const double* a, const double* c, T* at, T* extra) {
    const T* y = lanes(w.Y, b, N);
    const T* u = stage_of(0, b);
    for (int n = 0; n < N; ++n) {
      T point = y[n], sum{};
      each<I>([&](auto j) {
        const T x = u[static_cast<long>(j) * N * B + n];
        point += a[j] * x;
        sum += c[j] * x;
      });
      at[n] = point;
      extra[n] = sum;
    }
  }

  template <int I>
  void mix_c(int b, const double* c, T* extra) {
    const T* u = stage_of(0, b);
    for (int n = 0; n < N; ++n) {
      T sum{};
      each<I>([&](auto j) { sum += c[j] * u[static_cast<long>(j) * N * B + n]; });
      extra[n] = sum;
    }
  }

  template <int I, class F>
  static void each(F&& f) {
    if constexpr (I > 0) {
      each<I - 1>(f);
      f(std::integral_constant<int, I - 1>{});
    }
  }

  void finish(const Method& m) {
    const double* u = w.u + static_cast<long>(m.stages - 1) * N;
    for (int n = 0; n < N; ++n) w.y_new[n] = w.stage[n] + m.last * u[n];
    if constexpr (WithLanes) {
      for (int b = 0; b < B; ++b) {
        const T* at = lanes(w.stage_lanes, b, N);
        const T* last = stage_of(m.stages - 1, b);
        T* out = lanes(w.new_lanes, b, N);
        for (int n = 0; n < N; ++n) out[n] = at[n] + m.last * last[n];
      }
    }
  }

  // Scaled error: the largest over state and lanes of the root mean square over rows.
  double error() {
    const Method& m = *w.method;
    double sum = 0.0;
    for (int n = 0; n < N; ++n) {
      double e = m.e_start * w.y[n];
      if (implicit(m)) e = w.u[(m.stages - 1) * N + n];
      else for (int j = 0; j < m.stages; ++j) e += m.e[j] * w.u[j * N + n];
      const double size = std::fmax(std::fabs(w.y[n]), std::fabs(w.y_new[n]));
      e /= w.tolerance(n, size);
      sum += e * e;
    }
    if constexpr (WithLanes) {
      for (int b = 0; b < B; ++b) {
        const T total = error_lanes(m, b);
        for (int l = 0; l < W; ++l) {
          // written so that NaN is propagated
          if (!(total[l] <= sum)) sum = total[l];
        }
      }
    }
    return std::sqrt(sum / N);
  }

  static T magnitude(const T& x) { return x < 0.0 ? -x : x; }

  T error_lanes(const Method& m, int b) {
    const T floor = lanes(w.sens_atol, b, 1)[0];
    const T *before = lanes(w.Y, b, N), *after = lanes(w.new_lanes, b, N);
    T total{};
    for (int n = 0; n < N; ++n) {
      T e = m.e_start * before[n];
      if (implicit(m)) e = stage_of(m.stages - 1, b)[n];
      else for (int j = 0; j < m.stages; ++j) e += m.e[j] * stage_of(j, b)[n];
      const T x = magnitude(before[n]), z = magnitude(after[n]);
      e /= w.floor[n] * floor + w.options.rtol * (x > z ? x : z) + no_size;
      total += e * e;
    }
    return total;
  }

  // The size of a state that was zero without a known inflow is its current magnitude.
  void learn_sizes() {
    for (int n = 0; n < N; ++n) {
      if (w.size[n] > 0.0 || !std::isfinite(w.y_new[n])) continue;
      w.size[n] = std::fabs(w.y_new[n]);
      w.floor[n] = w.options.rtol * w.size[n];
    }
  }

  void accept(double t) {
    w.t = t;
    for (int n = 0; n < N; ++n) w.y[n] = w.y_new[n];
    for (int n = 0; n < N; ++n) {
      w.size[n] = std::fmax(w.size[n], std::fabs(w.y[n]));
      w.floor[n] = std::fmax(w.options.atol * w.size[n], floor_decay * w.floor[n]);
    }
    if constexpr (WithLanes) {
      T* to = lanes(w.Y, 0, N);
      const T* from = lanes(w.new_lanes, 0, N);
      for (int n = 0; n < N * B; ++n) to[n] = from[n];
    }
  }

  // Dense output: its polynomials, once per step that contains an observation.
  void prepare_dense() {
    const Method& m = *w.method;
    if (m.kind == Kind::linear) return;
    for (int k = 0; k < m.dense_terms; ++k) {
      for (int n = 0; n < N; ++n) {
        double sum = 0.0;
        for (int j = 0; j < m.stages; ++j) sum += m.dense[k][j] * w.u[j * N + n];
        w.dense[k * N + n] = sum;
      }
      if constexpr (WithLanes) {
        for (int b = 0; b < B; ++b) {
          T* out = lanes(w.dense_lanes + k * N * L, b, N);
          for (int n = 0; n < N; ++n) {
            T sum{};
            for (int j = 0; j < m.stages; ++j) sum += m.dense[k][j] * stage_of(j, b)[n];
            out[n] = sum;
          }
        }
      }
    }
  }

  // Scaled error of the dense output in the equations at the fraction s of a step. A fast state
  // that follows a change within the step is accurate at the end of the step, for any behaviour
  // inside, so that no error estimate shortens the step. One correction with the step's matrix,
  // (I/(h g) - J)^-1 (f - y'), is the distance to the solution of the equations.
  double defect(double t, double s, double h) {
    if (!implicit(*w.method)) return 0.0;
    const int terms = w.method->dense_terms;
    double y[N], f[N], jac[Model::NJ], fq[Model::NFQ];
    for (int n = 0; n < N; ++n) y[n] = interpolate(s, terms, w.y[n], w.y_new[n], w.dense + n, N);
    if constexpr (WithLanes) Model::rhs_entries(w.clock(t), y, w.q, f, jac, fq);
    else Model::rhs(w.clock(t), y, w.q, f);
    add_rates(f);
    for (int n = 0; n < N; ++n) f[n] -= slope(s, terms, w.y[n], w.y_new[n], w.dense + n, N) / h;
    Model::solve(w.lu, f);
    double sum = 0.0;
    for (int n = 0; n < N; ++n) {
      const double e = f[n] / w.tolerance(n, std::fmax(std::fabs(y[n]), std::fabs(w.y_new[n])));
      sum += e * e;
    }
    for (int b = 0; b < B && WithLanes; ++b) {
      const T total = defect_lanes(s, h, b, y, jac, fq);
      for (int l = 0; l < W; ++l) {
        if (!(total[l] <= sum)) sum = total[l];
      }
    }
    return std::sqrt(sum / N);
  }

  T defect_lanes(double s, double h, int b, const double* y, const double* jac, const double* fq) {
    const int terms = w.method->dense_terms;
    const T *y0 = lanes(w.Y, b, N), *y1 = lanes(w.new_lanes, b, N);
    const T* d = lanes(w.dense_lanes, b, N);
    const T floor = lanes(w.sens_atol, b, 1)[0];
    T at[N], r[N], total{};
    for (int n = 0; n < N; ++n) at[n] = interpolate(s, terms, y0[n], y1[n], d + n, N * B);
    Model::rhs_lanes(y, w.q, jac, fq, at, lanes(w.DQ, b, Q), r);
    for (int k = 0; k < Model::D; ++k) r[Model::DOSE_STATE[k]] += lanes(w.RATE, b, w.D)[k];
    for (int n = 0; n < N; ++n) r[n] -= slope(s, terms, y0[n], y1[n], d + n, N * B) / h;
    Model::solve(w.lu, r);
    for (int n = 0; n < N; ++n) {
      const T x = magnitude(at[n]), z = magnitude(y1[n]);
      const T e = r[n] / (w.floor[n] * floor + w.options.rtol * (x > z ? x : z) + no_size);
      total += e * e;
    }
    return total;
  }

  // Derivative of `interpolate` by s.
  template <class V>
  static V slope(double s, int terms, const V& y0, const V& y1, const V* d, int stride) {
    V inner = d[(terms - 1) * stride], rise{};
    for (int k = terms - 2; k >= 0; --k) {
      rise = inner + s * rise;
      inner = d[k * stride] + s * inner;
    }
    return y1 - y0 + (1 - 2 * s) * inner + s * (1 - s) * rise;
  }

  template <class V>
  static V interpolate(double s, int terms, const V& y0, const V& y1, const V* d, int stride) {
    V inner = d[(terms - 1) * stride];
    for (int k = terms - 2; k >= 0; --k) inner = d[k * stride] + s * inner;
    return (1 - s) * y0 + s * (y1 + (1 - s) * inner);
  }

  void write_dense(double t, double s, long row, Outlet& out) {
    const int terms = w.method->dense_terms;
    double y[N], o[Model::M + 1], oy[Model::NOY], oq[Model::NOQ];
    double weight[9];
    const bool linear = w.method->kind == Kind::linear;
    if (linear) weigh_dense(s, weight);
    for (int n = 0; n < N && linear; ++n) {
      y[n] = weight[0] * w.y[n];
      for (int j = 0; j < 8; ++j) y[n] += weight[j + 1] * w.u[j * N + n];
    }
    for (int n = 0; n < N && !linear; ++n) {
      y[n] = interpolate(s, terms, w.y[n], w.y_new[n], w.dense + n, N);
    }
    double* values = out.values + row * Model::M;
    if constexpr (Model::RECORD) w.load_record(out.own + row * Model::C);
    if constexpr (!WithLanes) {
      Model::outputs(w.clock(t), y, w.seen(), o);
    } else {
      Model::output_entries(w.clock(t), y, w.seen(), o, oy, oq);
      for (int b = 0; b < B; ++b) write_lanes(s, weight, b, y, oy, oq, row, out);
    }
    for (int k = 0; k < Model::M; ++k) values[k] = o[k];
  }

  void write_lanes(double s, const double* weight, int b, const double* y, const double* oy,
                   const double* oq, long row, Outlet& out) {
    T at[N], o[Model::M + 1];
    const T *y0 = lanes(w.Y, b, N), *y1 = lanes(w.new_lanes, b, N);
    const T* d = lanes(w.dense_lanes, b, N);
    const bool linear = w.method->kind == Kind::linear;
    const T* u = stage_of(0, b);
    for (int n = 0; n < N && linear; ++n) {
      T sum = weight[0] * y0[n];
      each<8>([&](auto j) { sum += weight[j + 1] * u[static_cast<long>(j) * N * B + n]; });
      at[n] = sum;
    }
    for (int n = 0; n < N && !linear; ++n) {
      at[n] = interpolate(s, w.method->dense_terms, y0[n], y1[n], d + n, N * B);
    }
    const T* DQ = reinterpret_cast<const T*>(w.seen_lanes()) + static_cast<long>(b) * Q;
    Model::output_lanes(y, w.seen(), oy, oq, at, DQ, o);
    double* to = out.sensitivities + row * Model::M * Model::P;
    for (int k = 0; k < Model::M; ++k) {
      for (int l = 0; l < W && b * W + l < Model::P; ++l) to[k * Model::P + b * W + l] = o[k][l];
    }
  }
};

}  // namespace pkqsp
