"""Stan text for steady states, with ``$names`` for the parts that differ between models."""

__all__ = ["STEADY"]

STEADY = """\
// d(y)/dt with time and covariates as they are at record i.
vector ${m}_frozen(real t, vector y, vector p, data vector s, array[] int running, int i${ON},
                   $DOSING) {
  return ${m}_driven(time[i], y, p, s, ${seen_on}, running, $dosing);
}

// The same of the states in units of their sizes.
vector ${m}_still(real t, vector z, vector p, data vector s, array[] int running, int i${ON},
                  array[] int size, $DOSING) {
  return ${m}_frozen(t, z .* ${m}_powers(size), p, s, running, i${on}, $dosing)
         ./ ${m}_powers(size);
}

// State after a span in which time stands still.
vector ${m}_hold(vector y, real span, vector p, data vector s, array[] int running, int i${ON},
                 array[] int sizes, $DOSING, data real rtol, data real atol, int max_steps) {
  if (span <= 1e-10) {
    return y;
  }
  return $solver(${m}_still, y ./ ${m}_powers(sizes), 0, {span}, rtol, atol, max_steps, p, s,
                 running, i${on}, sizes, $dosing)[1] .* ${m}_powers(sizes);
}

// State at a phase of the dosing interval that begins with the dose of record i: `overlap` earlier
// infusions run throughout, one more for the time `rest`.
vector ${m}_phase(vector y, real phase, real rest, int overlap, int i, vector p, data vector s${ON},
                  array[] int sizes, $DOSING, data real rtol, data real atol, int max_steps) {
  if (rest == 0 && overlap == 0) {
    vector[$states] dosed = y;
    dosed[${m}_state(cmt[i])] += ${m}_amount(i, p, s, $dosing);
    return ${m}_hold(dosed, phase, p, s, rep_array(i, 0), i${on}, sizes, $dosing, rtol, atol,
                   max_steps);
  }
  array[overlap + 1] int running = rep_array(i, overlap + 1);
  if (phase <= rest) {
    return ${m}_hold(y, phase, p, s, running, i${on}, sizes, $dosing, rtol, atol, max_steps);
  }
  vector[$states] half = ${m}_hold(y, rest, p, s, running, i${on}, sizes, $dosing, rtol, atol,
                                   max_steps);
  return ${m}_hold(half, phase - rest, p, s, running[1 : overlap], i${on}, sizes, $dosing, rtol,
                   atol, max_steps);
}

// 1 for states that come to rest, 0 for those that no equation reads: they only fill, and keep
// their value. What a record doses counts always.
vector ${m}_rests(int i, array[] int cmt, data array[] real amt, data array[] real rate) {
  vector[$states] rests = 1 - to_vector({$accumulates});
  if (amt[i] > 0 || rate[i] > 0) {
    rests[${m}_state(cmt[i])] = 1;
  }
  return rests;
}

// The largest change, in units of the tolerance.
real ${m}_change(vector y, vector before, array[] int sizes, data real rtol, data real atol) {
  return max(abs(y - before) ./ (atol * ${m}_powers(sizes) + rtol * abs(y)));
}

// State under an infusion that has always been running (of rate 0: without any dose).
vector ${m}_equilibrium(vector start, int i, vector p, data vector s${ON}, $DOSING,
                        data real rtol, data real atol, int max_steps) {
  array[rate[i] == 0 ? 0 : 1] int running = rep_array(i, rate[i] == 0 ? 0 : 1);
  vector[$states] rests = ${m}_rests(i, cmt, amt, rate);
  vector[$states] y = start;
  array[$states] int sizes
    = ${m}_reached(rep_array(-10000, $states), time[i], y, p, s, ${seen_on}, running, $dosing);
  real span = 1;
  for (k in 1 : 40) {
    vector[$states] before = y;
    y = rests .* ${m}_hold(y, span, p, s, running, i${on}, sizes, $dosing, rtol, atol, max_steps)
        + (1 - rests) .* start;
    sizes = ${m}_grown(sizes, y);
    if (k > 10 && ${m}_change(y, before, sizes, rtol, atol) <= 1) {
      return y;
    }
    span *= 2;
  }
  reject("no steady state for record ", i);
}

// State after one more dosing interval of record i.
vector ${m}_period(vector y, vector rests, int i, int overlap, real rest, vector p,
                   data vector s${ON}, array[] int sizes, $DOSING, data real ii, data real rtol,
                   data real atol, int max_steps) {
  return rests .* ${m}_phase(y, ii, rest, overlap, i, p, s${on}, sizes, $dosing, rtol, atol,
                             max_steps)
         + (1 - rests) .* y;
}

// Where Newton's method sees the state that an interval (from y to `image`) leaves as it is. Its
// matrix is made of differences. Not a number where what is left over in an interval is not small
// against what comes and goes, once the step is within the tolerance: far out, where elimination is
// saturated, a state grows by the same amount each time.
vector ${m}_newton(vector y, vector image, vector rests, int i, int overlap, real rest, vector p,
                   data vector s${ON}, array[] int sizes, $DOSING, data real ii, data real rtol,
                   data real atol, int max_steps) {
  vector[$states] scale = ${m}_powers(sizes);
  vector[$states] left = image - y;
  matrix[$states, $states] a = identity_matrix($states);
  for (j in 1 : $states) {
    if (rests[j] == 1) {
      vector[$states] moved = y;
      moved[j] += scale[j] / 64;
      a[, j] -= rests .* (${m}_period(moved, rests, i, overlap, rest, p, s${on}, sizes, $dosing,
                                      ii, rtol, atol, max_steps) - image) * 64 / scale[j];
    }
  }
  vector[$states] step = (diag_post_multiply(diag_pre_multiply(1 ./ scale, a), scale)
                          \\ (left ./ scale)) .* scale;
  vector[$states] turnover = abs(a) * abs(y);
  real change = ${m}_change(y + step, y, sizes, rtol, atol);
  for (j in 1 : $states) {
    real error = rtol * abs(y[j]);
    real least = -10 * atol * scale[j] - 1e-6 * (abs(y[j]) + abs(image[j]));
    if (is_nan(step[j]) || is_inf(step[j])
        || (y[j] >= 0 && image[j] >= 0 && y[j] + step[j] < least)
        || (rests[j] == 1 && change < 30
            && (turnover[j] < 10 * error
                || abs(left[j]) > 1e-4 * turnover[j] + atol * scale[j] + error))) {
      return rep_vector(not_a_number(), $states);
    }
  }
  return y + step;
}

// Steady state at record i, before its own dose. SS = 1 starts from the initial values, SS = 2 from
// nothing. The dose is repeated, and Newton's method tried from there. Its last step also brings
// the derivatives to where they belong.
vector ${m}_steady(int i, vector p, data vector s, $TABLE, ${data}matrix timing, data real rtol,
                   data real atol, int max_steps) {
  vector[$states] y = rep_vector(0, $states);
  if (ss[i] == 1) {
    y = ${m}_initial(time[i], p, s, ${m}_seen(i, own));
  }
${steady_on}  if (amt[i] == 0) {
    return ${m}_equilibrium(y, i, p, s${on}, $dosing, rtol, atol, max_steps);
  }
  if (ii[i] <= 0) {
    reject("record ", i, " asks for a steady state without an interval");
  }
  int overlap = 0;
  while (timing[i, 2] >= (overlap + 1) * ii[i] && overlap < 1000) {
    overlap += 1;
  }
  real rest = timing[i, 2] - overlap * ii[i];
  real phase = ii[i] * (floor(timing[i, 1] / ii[i]) + 1) - timing[i, 1];
  vector[$states] dosed = y;
  array[rest > 0 || overlap > 0 ? overlap + 1 : 0] int running
    = rep_array(i, rest > 0 || overlap > 0 ? overlap + 1 : 0);
  if (size(running) == 0) {
    dosed[${m}_state(cmt[i])] += ${m}_amount(i, p, s, $dosing);
  }
  array[$states] int sizes
    = ${m}_reached(rep_array(-10000, $states), time[i], dosed, p, s, ${seen_on}, running, $dosing);
  vector[$states] rests = ${m}_rests(i, cmt, amt, rate);
  for (round in 1 : 40) {
    for (k in 1 : (round < 3 ? 5 : 25)) {
      y = ${m}_period(y, rests, i, overlap, rest, p, s${on}, sizes, $dosing, ii[i], rtol, atol,
                      max_steps);
      sizes = ${m}_grown(sizes, y);
    }
    for (j in 1 : $states) {
      if (sizes[j] == -10000) { // nothing reaches it: no noise is to be taken for its size
        rests[j] = 0;
      }
    }
    vector[$states] z = y;
    real change = positive_infinity();
    int near = 0;
    for (newton in 1 : 8) {
      array[$states] int far = ${m}_grown(sizes, z);
      vector[$states] image = ${m}_period(z, rests, i, overlap, rest, p, s${on}, far, $dosing,
                                          ii[i], rtol, atol, max_steps);
      vector[$states] before = z;
      z = ${m}_newton(z, image, rests, i, overlap, rest, p, s${on}, far, $dosing, ii[i], rtol,
                      atol, max_steps);
      if (is_nan(sum(z))) {
        break;
      }
      real previous = change;
      change = ${m}_change(z, before, far, rtol, atol);
      // within the tolerance, or as near as the solver's own errors let it come
      near += change < 1 || (change < 30 && change >= 0.5 * previous);
      if (near == 2) { // the first has the value, and only the next the derivatives
        if (phase >= ii[i]) {
          return z;
        }
        return rests .* ${m}_phase(z, phase, rest, overlap, i, p, s${on}, far, $dosing, rtol, atol,
                                   max_steps)
               + (1 - rests) .* z;
      }
    }
  }
  reject("no steady state for record ", i);
}
"""
