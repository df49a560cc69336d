"""The text of the pure-Stan steady states, with ``$words`` for what differs between models."""

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

// The largest change, in units of the tolerance.
real ${m}_change(vector y, vector before, array[] int sizes, data real rtol, data real atol) {
  return max(abs(y - before) ./ (atol * ${m}_powers(sizes) + rtol * abs(y)));
}

// State under an infusion that has always been running (of rate 0: without any dose).
vector ${m}_equilibrium(vector start, int i, vector p, data vector s${ON}, $DOSING,
                        data real rtol, data real atol, int max_steps) {
  array[rate[i] == 0 ? 0 : 1] int running = rep_array(i, rate[i] == 0 ? 0 : 1);
  vector[$states] y = start;
  array[$states] int sizes
    = ${m}_reached(rep_array(-10000, $states), time[i], y, p, s, ${seen_on}, running, $dosing);
  real span = 1;
  for (k in 1 : 40) {
    vector[$states] before = y;
    y = ${m}_hold(y, span, p, s, running, i${on}, sizes, $dosing, rtol, atol, max_steps);
    sizes = ${m}_grown(sizes, y);
    if (k > 10 && ${m}_change(y, before, sizes, rtol, atol) <= 1) {
      return y;
    }
    span *= 2;
  }
  reject("no steady state for record ", i);
}

// Steady state at record i, before its own dose. SS = 1 starts from the initial values, SS = 2 from
// nothing. The dose is repeated until what is left to go, by the rate at which the changes shrink,
// is within the tolerance.
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
  real change = positive_infinity();
  vector[$states] dosed = y;
  array[rest > 0 || overlap > 0 ? overlap + 1 : 0] int running
    = rep_array(i, rest > 0 || overlap > 0 ? overlap + 1 : 0);
  if (size(running) == 0) {
    dosed[${m}_state(cmt[i])] += ${m}_amount(i, p, s, $dosing);
  }
  array[$states] int sizes
    = ${m}_reached(rep_array(-10000, $states), time[i], dosed, p, s, ${seen_on}, running, $dosing);
  for (k in 1 : 1000) {
    vector[$states] before = y;
    real previous = change;
    y = ${m}_phase(y, ii[i], rest, overlap, i, p, s${on}, sizes, $dosing, rtol, atol, max_steps);
    sizes = ${m}_grown(sizes, y);
    change = ${m}_change(y, before, sizes, rtol, atol);
    real ratio = change / previous;
    if (change <= 0.01 || (k > 2 && change * ratio <= 0.1 * (1 - ratio))
        || (k > 2 && ratio >= 1 && change < 10)) {
      if (phase >= ii[i]) {
        return y;
      }
      return ${m}_phase(y, phase, rest, overlap, i, p, s${on}, sizes, $dosing, rtol, atol,
                       max_steps);
    }
  }
  reject("no steady state for record ", i, " after 1000 doses");
}
"""
