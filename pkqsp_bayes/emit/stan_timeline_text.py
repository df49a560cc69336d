"""Stan text of the solver, with ``$names`` for the parts that differ between models."""

__all__ = ["DOSES", "EDGES", "RECORDS", "TIMES"]

TIMES = """\
// Whether one time is after another. Times that are as close as 0.3 and 3 * 0.1 are one time.
int ${m}_after(real t, real other) {
  return t > other + 1e-12 * fmax(1, abs(other));
}

// Whether another covariate segment of the same stretch of time follows.
int ${m}_goes_on(int segment, data array[] real breaks) {
  return segment < size(breaks) && breaks[segment + 1] > breaks[segment];
}

// The covariate segment that is in force at a time, from an earlier one of the same stretch on.
int ${m}_segment(real t, int earlier, data array[] real breaks) {
  int k = earlier;
  while (${m}_goes_on(k, breaks) && !${m}_after(breaks[k + 1], t)) {
    k += 1;
  }
  return k;
}

// The first covariate segment of the next stretch of time.
int ${m}_next_stretch(int segment, data array[] real breaks) {
  int k = segment;
  while (${m}_goes_on(k, breaks)) {
    k += 1;
  }
  return k + 1;
}

// Intercept and slope of each varying covariate as a record itself states it.
vector ${m}_seen(int i, data matrix own) {
  vector[2 * cols(own)] c = rep_vector(0, 2 * cols(own));
  for (k in 1 : cols(own)) {
    c[2 * k - 1] = own[i, k];
  }
  return c;
}

// The time of a moment, which is {record, repeat, what}: 0 the record itself, 1 the start of its
// dose (repeat 0), of an additional one (above) or an implied one (below), 2 the end of that
// infusion, 3 the break of this number${edge_note}.
real ${m}_time(array[] int moment, $WHEN, ${data}matrix timing) {
  int i = moment[1];
  if (moment[3] == 3) {
    return breaks[i];
  }
  if (moment[3] == 0) {
    return time[i];
  }
$edge_time  real start = time[i] + moment[2] * ii[i] + timing[i, 1];
  return moment[3] == 1 ? start : start + timing[i, 2];
}

// Whether a moment is after `now` and before what was found (at a record's time: not after it).
int ${m}_between(array[] int now, array[] int moment, array[] int found, $WHEN,
                 ${data}matrix timing) {
  if (!${m}_after(${m}_time(moment, $when, timing), ${m}_time(now, $when, timing))) {
    return 0;
  }
  if (found[3] == 0) {
    return !${m}_after(${m}_time(moment, $when, timing), ${m}_time(found, $when, timing));
  }
  return ${m}_time(moment, $when, timing) < ${m}_time(found, $when, timing);
}

// How many implied doses of a steady-state record are still under way at its time.
int ${m}_implied(int i, $COUNT, ${data}matrix timing) {
  int k = 0;
  if (ss[i] > 0 && amt[i] > 0) {
    while (timing[i, 1] + timing[i, 2] >= (k + 1) * ii[i]) {
      k += 1;
      if (k > 1000) {
        reject("more than 1000 doses of record ", i, " overlap");
      }
    }
  }
  return k;
}

// The next moment after `now`, no later than the record `limit`: covariate breaks, and doses of
// the records first to last. What is due at the time of `limit` comes before it.
array[] int ${m}_next(array[] int now, int segment, int first, int last, int limit, $TABLE,
                      ${data}matrix timing) {
  array[3] int found = {limit, 0, 0};
${edge_next}  if (${m}_goes_on(segment, breaks)
      && ${m}_between(now, {segment + 1, 0, 3}, found, $when, timing)) {
    found = {segment + 1, 0, 3};
  }
  for (i in first : last) {
    if (evid[i] == 1 || evid[i] == 4) {
      for (k in -${m}_implied(i, $count, timing) : addl[i]) {
        for (what in 1 : (timing[i, 2] > 0 ? 2 : 1)) {
          if (${m}_between(now, {i, k, what}, found, $when, timing)) {
            found = {i, k, what};
          }
        }
      }
    }
  }
  return found;
}

// The records (one entry a dose) whose infusions run from `now` on.
array[] int ${m}_running(array[] int now, int first, int last, $TABLE, ${data}matrix timing) {
  int most = 0;
  for (i in first : last) {
    most += 1 + addl[i] + ${m}_implied(i, $count, timing);
  }
  array[most] int running = rep_array(0, most);
  int found = 0;
  for (i in first : last) {
    if ((evid[i] == 1 || evid[i] == 4) && timing[i, 2] > 0) {
      for (k in -${m}_implied(i, $count, timing) : addl[i]) {
        if (!${m}_after(${m}_time({i, k, 1}, $when, timing), ${m}_time(now, $when, timing))
            && ${m}_after(${m}_time({i, k, 2}, $when, timing), ${m}_time(now, $when, timing))) {
          found += 1;
          running[found] = i;
        }
      }
    }
  }
  return running[1 : found];
}
"""

EDGES = """\
// When each condition on time changes in each covariate segment.
matrix ${m}_edges(${timing_declared}data vector s, data array[] real breaks, data matrix segments) {
  matrix[size(breaks) * $switches, 2] edges = rep_matrix(negative_infinity(),
                                                         size(breaks) * $switches, 2);
  for (b in 1 : size(breaks)) {
    vector[2 * $switches] lines = ${m}_lines($timing_parameters, s, segments[b]');
    for (k in 1 : $switches) {
      if (lines[2 * k - 1] != 0) {
        edges[(b - 1) * $switches + k, 1] = -lines[2 * k] / lines[2 * k - 1];
      }
    }
  }
  return edges;
}

// Which conditions on time hold from a time on.
array[] int ${m}_on(real t, vector p, data vector s, data vector c) {
  vector[2 * $switches] lines = ${m}_lines(p, s, c);
  array[$switches] int on;
  for (k in 1 : $switches) {
    if (lines[2 * k - 1] == 0) {
      on[k] = lines[2 * k] > 0 || (lines[2 * k] == 0 && {$switch_closed}[k]);
    } else {
      on[k] = !${m}_after(-lines[2 * k] / lines[2 * k - 1], t) == (lines[2 * k - 1] > 0);
    }
  }
  return on;
}
"""

DOSES = """\
// Number of the state that a dosing compartment feeds.
int ${m}_state(int cmt) {
  return {$dose_states}[cmt];
}

// Factor, bioavailability, lag, rate and duration of a record's dose.
vector ${m}_dose(int i, vector p, data vector s, $DOSING) {
  vector[$dose_values] all = ${m}_doses(time[i], p, s, ${m}_seen(i, own));
  return all[5 * cmt[i] - 4 : 5 * cmt[i]];
}

// Lag and infusion duration of each dose (a bolus has duration 0).
// $timing_note
matrix ${m}_timing(${timing_declared}data vector s, array[] int evid, $DOSING) {
  matrix[size(time), 2] timing = rep_matrix(0, size(time), 2);
  for (i in 1 : size(time)) {
    if (evid[i] == 1 || evid[i] == 4) {
      if ((rate[i] == -1 && !{$has_rate}[cmt[i]]) || (rate[i] == -2 && !{$has_duration}[cmt[i]])) {
        reject("record ", i, " wants a modelled rate or duration that the model has not");
      }
      if (rate[i] == -2 && amt[i] == 0) {
        reject("record ", i, " is a constant infusion, which has no duration");
      }
      vector[5] d = ${m}_dose(i, $timing_parameters, s, $dosing);
      timing[i, 1] = d[3];
      if (rate[i] == -2) {
        timing[i, 2] = d[5];
      } else if (rate[i] == -1) {
        timing[i, 2] = d[2] * amt[i] / d[4];
      } else if (rate[i] > 0) {
        timing[i, 2] = d[2] * amt[i] / rate[i];
      }
      if (!(min(timing[i]) >= 0 && max(timing[i]) < positive_infinity())) {
        reject("lag or duration of record ", i, " is negative or not finite");
      }
    }
  }
  return timing;
}

// Amount of a bolus, as its state gets it.
real ${m}_amount(int i, vector p, data vector s, $DOSING) {
  vector[5] d = ${m}_dose(i, p, s, $dosing);
  return d[1] * d[2] * amt[i];
}

// Rate of an infusion, as its state gets it.
real ${m}_rate(int i, vector p, data vector s, $DOSING) {
$rate_body
}

// All boluses of the records first to last that are due now and not before.
vector ${m}_boluses(array[] int now, int first, int last, vector p, data vector s, $TABLE,
                    ${data}matrix timing) {
  vector[$states] total = rep_vector(0, $states);
  for (i in first : last) {
    if ((evid[i] == 1 || evid[i] == 4) && timing[i, 2] == 0) {
      for (k in -${m}_implied(i, $count, timing) : addl[i]) {
        if (${m}_time({i, k, 1}, $when, timing) >= ${m}_time(now, $when, timing)
            && !${m}_after(${m}_time({i, k, 1}, $when, timing), ${m}_time(now, $when, timing))) {
          total[${m}_state(cmt[i])] += ${m}_amount(i, p, s, $dosing);
        }
      }
    }
  }
  return total;
}

// d(y)/dt with the infusions of the records `running`.
vector ${m}_driven(real t, vector y, vector p, data vector s, data vector c, array[] int running,
                   $DOSING) {
  vector[$states] dydt = ${m}_rhs(t, y, p, s, c);
  for (i in running) {
    dydt[${m}_state(cmt[i])] += ${m}_rate(i, p, s, $dosing);
  }
  return dydt;
}

// The same of the states in units of their sizes.
vector ${m}_scaled(real t, vector z, vector p, data vector s, data vector c, array[] int running,
                   array[] int size, $DOSING) {
  return ${m}_driven(t, z .* ${m}_powers(size), p, s, c, running, $dosing) ./ ${m}_powers(size);
}

// States at the times ts, from y at t0. Stan's solvers want the first of them to be well after t0.
array[] vector ${m}_advance(vector y, ${data}real t0, ${data}array[] real ts, vector p,
                            data vector s, data vector c, array[] int running, array[] int sizes,
                            $DOSING, data real rtol, data real atol, int max_steps) {
  array[size(ts)] vector[$states] path;
  int near = 0;
  while (near < size(ts) && ts[near + 1] <= t0 + 1e-10 * (1 + abs(t0))) {
    near += 1;
    path[near] = y;
    if (ts[near] > t0) {
      path[near] += (ts[near] - t0) * ${m}_driven(t0, y, p, s, c, running, $dosing);
    }
  }
  if (near < size(ts)) {
    path[near + 1 : size(ts)] = $solver(${m}_scaled, y ./ ${m}_powers(sizes), t0,
                                        ts[near + 1 : size(ts)], rtol, atol, max_steps, p, s, c,
                                        running, sizes, $dosing);
    for (i in near + 1 : size(ts)) {
      path[i] = path[i] .* ${m}_powers(sizes);
    }
  }
  return path;
}
"""

RECORDS = """\
// The record up to which one can go from record i on: the first dose, the last one before a reset,
// or the last of all.
int ${m}_limit(int i, array[] int evid) {
  int k = i;
  while (k < size(evid) && evid[k] != 1 && evid[k + 1] < 3) {
    k += 1;
  }
  return k;
}

// All outputs after each record, as `${m}_solve` returns them.
matrix ${m}_records(vector p, data vector s, $TABLE, ${data}matrix timing, data real rtol,
                    data real atol, int max_steps) {
  int n = size(time);
  matrix[n, $outputs] out;
  array[3] int now = {1, 0, 0};
  vector[$states] y = ${m}_initial(time[1], p, s, ${m}_seen(1, own));
  array[$states] int sizes = rep_array(-10000, $states);
  int segment = 1; // of the covariates
  int first = 1; // doses of earlier records are over or dropped
  int next = 1; // the record that comes next
  while (next <= n) {
    if (evid[next] < 3) {
      // To the next change of rates or covariates, or to the next record that doses.
      int limit = ${m}_limit(next, evid);
      segment = ${m}_segment(${m}_time(now, $when, timing), segment, breaks);
      array[3] int stop = ${m}_next(now, segment, first, next - 1, limit, $table, timing);
      int last = next - 1;
      while (last + 1 < limit
             && (stop[3] == 0 || ${m}_after(${m}_time(stop, $when, timing), time[last + 1]))) {
        last += 1;
      }
      if (${m}_after(${m}_time(now, $when, timing), time[next])) {
        reject("time goes back at record ", next);
      }
${edge_on}      sizes = ${m}_reached(sizes, ${m}_time(now, $when, timing), y, p, s, ${segment_on},
                      ${m}_running(now, first, next - 1, $table, timing), $dosing);
      array[last - next + 2] vector[$states] path
        = ${m}_advance(y, ${m}_time(now, $when, timing),
                       append_array(time[next : last], {${m}_time(stop, $when, timing)}), p, s,
                       ${segment_on},
                       ${m}_running(now, first, next - 1, $table, timing), sizes, $dosing, rtol,
                       atol, max_steps);
      for (i in next : last) {
        out[i] = ${m}_outputs(time[i], path[i - next + 1], p, s, ${m}_seen(i, own))';
      }
      y = path[last - next + 2];
      next = last + 1;
      now = stop;
      if (stop[3] != 0) {
        y += ${m}_boluses(now, first, next - 1, p, s, $table, timing);
        continue;
      }
    } else {
      now = {next, 0, 0};
      y = ${m}_initial(time[next], p, s, ${m}_seen(next, own));
      sizes = rep_array(-10000, $states);
      segment = next == 1 ? 1 : ${m}_next_stretch(segment, breaks);
      first = next;
    }
    if (evid[next] == 1 || evid[next] == 4) {
      if (ss[next] > 0) {
        vector[$states] steady = ${m}_steady(next, p, s, $table, timing, rtol, atol, max_steps);
        y = ss[next] == 1 ? steady : y + steady;
        first = ss[next] == 1 ? next : first;
      }
      y += ${m}_boluses(now, next, next, p, s, $table, timing);
    }
    out[next] = ${m}_outputs(time[next], y, p, s, ${m}_seen(next, own))';
    next += 1;
  }
  return out;
}

// Outputs (columns) after the event of each record (rows) of one subject's table. `x` are the fixed
// covariates, `breaks` and `segments` the starts of the covariate segments and intercept and slope
// of each varying covariate in them, `own` the values at the records themselves. Each reset begins
// a stretch of time with segments of its own. `cmt` counts the dosing compartments.
matrix ${m}_solve(vector p, data vector x, $TABLE, data real rtol, data real atol, int max_steps) {
  return ${m}_records(p, ${m}_subject(x), $table,
                      $timing_made,
                      rtol, atol, max_steps);
}
"""
