functions {
  // What depends on fixed covariates alone: once a subject, as data.
  vector m_subject(data vector x) {
    real WT = x[1];
    vector[3] s;
    s[1] = 0.4 * pow(70.0, 3.0 / 4.0) / pow(WT, 3.0 / 4.0);
    s[2] = WT; // WT
    s[3] = (1.0 / 70.0) * WT;
    return s;
  }
  // d(y)/dt without doses (time in h).
  vector m_rhs(real t, vector y, vector p, data vector s, data vector c) {
    real drug = y[1];
    real resp_R = y[2];
    real Vmax = p[1];
    real Km = p[2];
    real kin = p[3];
    real kout = p[4];
    real subject_1 = s[1];
    real the_WT = s[2];
    real CRP = c[1];
    real ALB = c[3];
    real ALB_slope = c[4];
    real theta_4 = -1.0 / 40.0 * kout; // theta
    real theta_7 = -kout; // theta
    real segment_14 = -CRP * Vmax * subject_1; // segment
    vector[2] dydt;
    real shared__1 = Km
                     < 0.4 * pow(70.0, 3.0 / 4.0) * drug
                       / pow(the_WT, 3.0 / 4.0)
                     ? log(
                           0.4 * pow(70.0, 3.0 / 4.0) * drug
                           / (Km * pow(the_WT, 3.0 / 4.0)))
                     : 0.0;
    dydt[1] = drug * theta_4 * (ALB + ALB_slope * t)
              + drug * segment_14 / (Km + drug * subject_1); // drug
    dydt[2] = -drug * (resp_R * resp_R) + kin * (shared__1 + 1.0)
              + theta_7 * resp_R * ((1.0 / 10.0) * sin(t) + 1.0); // resp.R
    return dydt;
  }
  vector m_initial(real t, vector p, data vector s, data vector c) {
    real kin = p[3];
    real kout = p[4];
    real theta_9 = kin / kout; // theta
    vector[2] y0;
    y0[1] = 0.0; // drug
    y0[2] = theta_9; // resp.R
    return y0;
  }
  real m_sqrt(real x) {
    return x > 0 ? sqrt(x) : x == 0 ? 0 : not_a_number();
  }
  vector m_outputs(real t, vector y, vector p, data vector s, data vector c) {
    real drug = y[1];
    real resp_R = y[2];
    real Vmax = p[1];
    real subject_1 = s[1];
    vector[2] out;
    real shared__1 = drug * subject_1;
    out[1] = shared__1; // cp
    out[2] = Vmax * m_sqrt(shared__1 + 1.0) + exp(-resp_R); // effect
    return out;
  }
  // Five values a dosing compartment: factor, bioavailability, lag, rate, duration.
  vector m_doses(real t, vector p, data vector s, data vector c) {
    real Vmax = p[1];
    real Km = p[2];
    real kin = p[3];
    real subject_3 = s[3];
    real ALB = c[3];
    real ALB_slope = c[4];
    real theta_10 = 2.0 * Vmax; // theta
    real theta_11 = Km + subject_3; // theta
    vector[10] d;
    d[1] = 1.0; // iv factor
    d[2] = 1.0; // iv bioavailability
    d[3] = 0.0; // iv lag
    d[4] = theta_10; // iv rate
    d[5] = theta_11; // iv duration
    d[6] = 0.4; // shifted factor
    d[7] = 1.0; // shifted bioavailability
    d[8] = kin * (ALB + ALB_slope * t); // shifted lag
    d[9] = 0.0; // shifted rate
    d[10] = 0.0; // shifted duration
    return d;
  }
  // Whether one time is after another. Times that are as close as 0.3 and 3 * 0.1 are one time.
  int m_after(real t, real other) {
    return t > other + 1e-12 * fmax(1, abs(other));
  }
  
  // Whether another covariate segment of the same stretch of time follows.
  int m_goes_on(int segment, data array[] real breaks) {
    return segment < size(breaks) && breaks[segment + 1] > breaks[segment];
  }
  
  // The covariate segment that is in force at a time, from an earlier one of the same stretch on.
  int m_segment(real t, int earlier, data array[] real breaks) {
    int k = earlier;
    while (m_goes_on(k, breaks) && !m_after(breaks[k + 1], t)) {
      k += 1;
    }
    return k;
  }
  
  // The first covariate segment of the next stretch of time.
  int m_next_stretch(int segment, data array[] real breaks) {
    int k = segment;
    while (m_goes_on(k, breaks)) {
      k += 1;
    }
    return k + 1;
  }
  
  // Intercept and slope of each varying covariate as a record itself states it.
  vector m_seen(int i, data matrix own) {
    vector[2 * cols(own)] c = rep_vector(0, 2 * cols(own));
    for (k in 1 : cols(own)) {
      c[2 * k - 1] = own[i, k];
    }
    return c;
  }
  
  // The time of a moment, which is {record, repeat, what}: 0 the record itself, 1 the start of its
  // dose (repeat 0), of an additional one (above) or an implied one (below), 2 the end of that
  // infusion, 3 the break of this number.
  real m_time(array[] int moment, data array[] real time,
              data array[] real ii, data array[] real breaks, matrix timing) {
    int i = moment[1];
    if (moment[3] == 3) {
      return breaks[i];
    }
    if (moment[3] == 0) {
      return time[i];
    }
    real start = time[i] + moment[2] * ii[i] + timing[i, 1];
    return moment[3] == 1 ? start : start + timing[i, 2];
  }
  
  // Whether a moment is after `now` and before what was found (at a record's time: not after it).
  int m_between(array[] int now, array[] int moment, array[] int found,
                data array[] real time, data array[] real ii,
                data array[] real breaks, matrix timing) {
    if (!m_after(m_time(moment, time, ii, breaks, timing),
                 m_time(now, time, ii, breaks, timing))) {
      return 0;
    }
    if (found[3] == 0) {
      return !m_after(m_time(moment, time, ii, breaks, timing),
                      m_time(found, time, ii, breaks, timing));
    }
    return m_time(moment, time, ii, breaks, timing)
           < m_time(found, time, ii, breaks, timing);
  }
  
  // How many implied doses of a steady-state record are still under way at its time.
  int m_implied(int i, data array[] real amt, data array[] real ii,
                array[] int ss, matrix timing) {
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
  array[] int m_next(array[] int now,
                     int segment,
                     int first,
                     int last,
                     int limit,
                     data array[] real time,
                     array[] int evid,
                     data array[] real amt,
                     data array[] real rate,
                     data array[] real ii,
                     array[] int addl,
                     array[] int ss,
                     array[] int cmt,
                     data array[] real breaks,
                     data matrix segments,
                     data matrix own,
                     matrix timing) {
    array[3] int found = {limit, 0, 0};
    if (m_goes_on(segment, breaks)
        && m_between(now, {segment + 1, 0, 3}, found, time, ii, breaks,
                     timing)) {
      found = {segment + 1, 0, 3};
    }
    for (i in first : last) {
      if (evid[i] == 1 || evid[i] == 4) {
        for (k in -m_implied(i, amt, ii, ss, timing) : addl[i]) {
          for (what in 1 : (timing[i, 2] > 0 ? 2 : 1)) {
            if (m_between(now, {i, k, what}, found, time, ii, breaks, timing)) {
              found = {i, k, what};
            }
          }
        }
      }
    }
    return found;
  }
  
  // The records (one entry a dose) whose infusions run from `now` on.
  array[] int m_running(array[] int now,
                        int first,
                        int last,
                        data array[] real time,
                        array[] int evid,
                        data array[] real amt,
                        data array[] real rate,
                        data array[] real ii,
                        array[] int addl,
                        array[] int ss,
                        array[] int cmt,
                        data array[] real breaks,
                        data matrix segments,
                        data matrix own,
                        matrix timing) {
    int most = 0;
    for (i in first : last) {
      most += 1 + addl[i] + m_implied(i, amt, ii, ss, timing);
    }
    array[most] int running = rep_array(0, most);
    int found = 0;
    for (i in first : last) {
      if ((evid[i] == 1 || evid[i] == 4) && timing[i, 2] > 0) {
        for (k in -m_implied(i, amt, ii, ss, timing) : addl[i]) {
          if (!m_after(m_time({i, k, 1}, time, ii, breaks, timing),
                       m_time(now, time, ii, breaks, timing))
              && m_after(m_time({i, k, 2}, time, ii, breaks, timing),
                         m_time(now, time, ii, breaks, timing))) {
            found += 1;
            running[found] = i;
          }
        }
      }
    }
    return running[1 : found];
  }
  
  // The least k with |y| <= 2^k (limited; -10000 for 0).
  int m_exponent(real y) {
    int k = 0;
    if (y == 0) {
      return -10000;
    }
    while (k < 900 && abs(y) > 2.0 ^ k) {
      k += 16;
    }
    while (k > -900 && abs(y) <= 2.0 ^ (k - 16)) {
      k -= 16;
    }
    while (k > -900 && abs(y) <= 2.0 ^ (k - 1)) {
      k -= 1;
    }
    return k;
  }
  
  // Sizes of states, as exponents of two: the largest value that each has had.
  array[] int m_grown(array[] int size, vector y) {
    array[2] int grown = size;
    for (i in 1 : 2) {
      grown[i] = max(grown[i], m_exponent(y[i]));
    }
    return grown;
  }
  
  // The sizes themselves. A state that nothing reaches counts as large as the largest.
  vector m_powers(array[] int size) {
    vector[2] powers;
    int most = max(size) == -10000 ? 0 : max(size);
    for (i in 1 : 2) {
      powers[i] = 2.0 ^ (size[i] == -10000 ? most : size[i]);
    }
    return powers;
  }
  
  // Number of the state that a dosing compartment feeds.
  int m_state(int cmt) {
    return {1, 2}[cmt];
  }
  
  // Factor, bioavailability, lag, rate and duration of a record's dose.
  vector m_dose(int i,
                vector p,
                data vector s,
                data array[] real time,
                data array[] real amt,
                data array[] real rate,
                array[] int cmt,
                data matrix own) {
    vector[10] all = m_doses(time[i], p, s, m_seen(i, own));
    return all[5 * cmt[i] - 4 : 5 * cmt[i]];
  }
  
  // Lag and infusion duration of each dose (a bolus has duration 0).
  // They depend on the parameters, and so do the times of the events.
  matrix m_timing(vector p,
                  data vector s,
                  array[] int evid,
                  data array[] real time,
                  data array[] real amt,
                  data array[] real rate,
                  array[] int cmt,
                  data matrix own) {
    matrix[size(time), 2] timing = rep_matrix(0, size(time), 2);
    for (i in 1 : size(time)) {
      if (evid[i] == 1 || evid[i] == 4) {
        if ((rate[i] == -1 && !{1, 0}[cmt[i]])
            || (rate[i] == -2 && !{1, 0}[cmt[i]])) {
          reject("record ", i,
                 " wants a modelled rate or duration that the model has not");
        }
        if (rate[i] == -2 && amt[i] == 0) {
          reject("record ", i,
                 " is a constant infusion, which has no duration");
        }
        vector[5] d = m_dose(i, p, s, time, amt, rate, cmt, own);
        timing[i, 1] = d[3];
        if (rate[i] == -2) {
          timing[i, 2] = d[5];
        } else if (rate[i] == -1) {
          timing[i, 2] = d[2] * amt[i] / d[4];
        } else if (rate[i] > 0) {
          timing[i, 2] = d[2] * amt[i] / rate[i];
        }
        if (!(min(timing[i]) >= 0 && max(timing[i]) < positive_infinity())) {
          reject("lag or duration of record ", i,
                 " is negative or not finite");
        }
      }
    }
    return timing;
  }
  
  // Amount of a bolus, as its state gets it.
  real m_amount(int i,
                vector p,
                data vector s,
                data array[] real time,
                data array[] real amt,
                data array[] real rate,
                array[] int cmt,
                data matrix own) {
    vector[5] d = m_dose(i, p, s, time, amt, rate, cmt, own);
    return d[1] * d[2] * amt[i];
  }
  
  // Rate of an infusion, as its state gets it.
  real m_rate(int i,
              vector p,
              data vector s,
              data array[] real time,
              data array[] real amt,
              data array[] real rate,
              array[] int cmt,
              data matrix own) {
    vector[5] d = m_dose(i, p, s, time, amt, rate, cmt, own);
    if (rate[i] > 0) {
      return d[1] * rate[i];
    }
    return rate[i] == -1 ? d[1] * d[4] : d[1] * d[2] * amt[i] / d[5];
  }
  
  // All boluses of the records first to last that are due now and not before.
  vector m_boluses(array[] int now,
                   int first,
                   int last,
                   vector p,
                   data vector s,
                   data array[] real time,
                   array[] int evid,
                   data array[] real amt,
                   data array[] real rate,
                   data array[] real ii,
                   array[] int addl,
                   array[] int ss,
                   array[] int cmt,
                   data array[] real breaks,
                   data matrix segments,
                   data matrix own,
                   matrix timing) {
    vector[2] total = rep_vector(0, 2);
    for (i in first : last) {
      if ((evid[i] == 1 || evid[i] == 4) && timing[i, 2] == 0) {
        for (k in -m_implied(i, amt, ii, ss, timing) : addl[i]) {
          if (m_time({i, k, 1}, time, ii, breaks, timing)
              >= m_time(now, time, ii, breaks, timing)
              && !m_after(m_time({i, k, 1}, time, ii, breaks, timing),
                          m_time(now, time, ii, breaks, timing))) {
            total[m_state(cmt[i])] += m_amount(i, p, s, time, amt, rate, cmt,
                                               own);
          }
        }
      }
    }
    return total;
  }
  
  // d(y)/dt with the infusions of the records `running`.
  vector m_driven(real t,
                  vector y,
                  vector p,
                  data vector s,
                  data vector c,
                  array[] int running,
                  data array[] real time,
                  data array[] real amt,
                  data array[] real rate,
                  array[] int cmt,
                  data matrix own) {
    vector[2] dydt = m_rhs(t, y, p, s, c);
    for (i in running) {
      dydt[m_state(cmt[i])] += m_rate(i, p, s, time, amt, rate, cmt, own);
    }
    return dydt;
  }
  
  // The same of the states in units of their sizes.
  vector m_scaled(real t,
                  vector z,
                  vector p,
                  data vector s,
                  data vector c,
                  array[] int running,
                  array[] int size,
                  data array[] real time,
                  data array[] real amt,
                  data array[] real rate,
                  array[] int cmt,
                  data matrix own) {
    return m_driven(t, z .* m_powers(size), p, s, c, running, time, amt,
                    rate, cmt, own)
           ./ m_powers(size);
  }
  
  // States at the times ts, from y at t0. Stan's solvers want the first of them to be well after t0.
  array[] vector m_advance(vector y,
                           real t0,
                           array[] real ts,
                           vector p,
                           data vector s,
                           data vector c,
                           array[] int running,
                           array[] int sizes,
                           data array[] real time,
                           data array[] real amt,
                           data array[] real rate,
                           array[] int cmt,
                           data matrix own,
                           data real rtol,
                           data real atol,
                           int max_steps) {
    array[size(ts)] vector[2] path;
    int near = 0;
    while (near < size(ts) && ts[near + 1] <= t0 + 1e-10 * (1 + abs(t0))) {
      near += 1;
      path[near] = y;
      if (ts[near] > t0) {
        path[near] += (ts[near] - t0)
                      * m_driven(t0, y, p, s, c, running, time, amt, rate,
                                 cmt, own);
      }
    }
    if (near < size(ts)) {
      path[near + 1 : size(ts)] = ode_bdf_tol(m_scaled, y ./ m_powers(sizes),
                                              t0, ts[near + 1 : size(ts)],
                                              rtol, atol, max_steps, p, s, c,
                                              running, sizes, time, amt,
                                              rate, cmt, own);
      for (i in near + 1 : size(ts)) {
        path[i] = path[i] .* m_powers(sizes);
      }
    }
    return path;
  }
  
  // Sizes at a time from which the solver goes on. A state that has been 0 so far gets its size from
  // what flows into it, from state to state: the flow times how long it lasts.
  array[] int m_reached(array[] int before,
                        real t,
                        vector y,
                        vector p,
                        data vector s,
                        data vector c,
                        array[] int running,
                        data array[] real time,
                        data array[] real amt,
                        data array[] real rate,
                        array[] int cmt,
                        data matrix own) {
    array[2] int size = m_grown(before, y);
    if (min(size) > -10000) {
      return size;
    }
    real span = max(time) > min(time) ? max(time) - min(time) : 1;
    vector[2] at = y;
    vector[2] reach = abs(
                          m_driven(t, y, p, s, c, running, time, amt, rate,
                                   cmt, own))
                      * span;
    vector[2] lasting = rep_vector(span, 2);
    array[2] int done = rep_array(0, 2);
    for (i in 1 : 2) {
      reach[i] = size[i] == -10000 ? reach[i] : 2.0 ^ size[i];
    }
    for (round in 1 : 2) {
      int j = 0; // the largest that has not had its turn
      for (i in 1 : 2) {
        if (!done[i] && reach[i] > 0 && reach[i] < 1e250
            && (j == 0 || reach[i] > reach[j])) {
          j = i;
        }
      }
      if (j == 0) {
        break;
      }
      done[j] = 1;
      if (size[j] == -10000) {
        at[j] = reach[j];
      }
      vector[2] more = at;
      more[j] += reach[j] / 1024;
      vector[2] slope = abs(
                            m_driven(t, more, p, s, c, running, time, amt,
                                     rate, cmt, own)
                            - m_driven(t, at, p, s, c, running, time, amt,
                                       rate, cmt, own))
                        / (reach[j] / 1024);
      real life = slope[j] * span > 1 ? 1 / slope[j] : span; // 1 / 0 has no derivative
      if (size[j] == -10000) {
        reach[j] *= life < lasting[j] ? life / lasting[j] : 1;
        at[j] = reach[j];
      }
      for (i in 1 : 2) {
        if (size[i] == -10000 && !done[i]
            && slope[i] * life * reach[j] > reach[i]) {
          reach[i] = slope[i] * life * reach[j];
          lasting[i] = life;
        }
      }
    }
    for (i in 1 : 2) {
      if (size[i] == -10000 && done[i]) {
        size[i] = m_exponent(reach[i]);
      }
    }
    return size;
  }
  
  // d(y)/dt with time and covariates as they are at record i.
  vector m_frozen(real t,
                  vector y,
                  vector p,
                  data vector s,
                  array[] int running,
                  int i,
                  data array[] real time,
                  data array[] real amt,
                  data array[] real rate,
                  array[] int cmt,
                  data matrix own) {
    return m_driven(time[i], y, p, s, m_seen(i, own), running, time, amt,
                    rate, cmt, own);
  }
  
  // The same of the states in units of their sizes.
  vector m_still(real t,
                 vector z,
                 vector p,
                 data vector s,
                 array[] int running,
                 int i,
                 array[] int size,
                 data array[] real time,
                 data array[] real amt,
                 data array[] real rate,
                 array[] int cmt,
                 data matrix own) {
    return m_frozen(t, z .* m_powers(size), p, s, running, i, time, amt,
                    rate, cmt, own)
           ./ m_powers(size);
  }
  
  // State after a span in which time stands still.
  vector m_hold(vector y,
                real span,
                vector p,
                data vector s,
                array[] int running,
                int i,
                array[] int sizes,
                data array[] real time,
                data array[] real amt,
                data array[] real rate,
                array[] int cmt,
                data matrix own,
                data real rtol,
                data real atol,
                int max_steps) {
    if (span <= 1e-10) {
      return y;
    }
    return ode_bdf_tol(m_still, y ./ m_powers(sizes), 0, {span}, rtol, atol,
                       max_steps, p, s, running, i, sizes, time, amt, rate,
                       cmt, own)[1]
           .* m_powers(sizes);
  }
  
  // State at a phase of the dosing interval that begins with the dose of record i: `overlap` earlier
  // infusions run throughout, one more for the time `rest`.
  vector m_phase(vector y,
                 real phase,
                 real rest,
                 int overlap,
                 int i,
                 vector p,
                 data vector s,
                 array[] int sizes,
                 data array[] real time,
                 data array[] real amt,
                 data array[] real rate,
                 array[] int cmt,
                 data matrix own,
                 data real rtol,
                 data real atol,
                 int max_steps) {
    if (rest == 0 && overlap == 0) {
      vector[2] dosed = y;
      dosed[m_state(cmt[i])] += m_amount(i, p, s, time, amt, rate, cmt, own);
      return m_hold(dosed, phase, p, s, rep_array(i, 0), i, sizes, time, amt,
                    rate, cmt, own, rtol, atol, max_steps);
    }
    array[overlap + 1] int running = rep_array(i, overlap + 1);
    if (phase <= rest) {
      return m_hold(y, phase, p, s, running, i, sizes, time, amt, rate, cmt,
                    own, rtol, atol, max_steps);
    }
    vector[2] half = m_hold(y, rest, p, s, running, i, sizes, time, amt,
                            rate, cmt, own, rtol, atol, max_steps);
    return m_hold(half, phase - rest, p, s, running[1 : overlap], i, sizes,
                  time, amt, rate, cmt, own, rtol, atol, max_steps);
  }
  
  // 1 for states that come to rest, 0 for those that no equation reads: they only fill, and keep
  // their value. What a record doses counts always.
  vector m_rests(int i, array[] int cmt, data array[] real amt,
                 data array[] real rate) {
    vector[2] rests = 1 - to_vector({0, 0});
    if (amt[i] > 0 || rate[i] > 0) {
      rests[m_state(cmt[i])] = 1;
    }
    return rests;
  }
  
  // The largest change, in units of the tolerance.
  real m_change(vector y, vector before, array[] int sizes, data real rtol,
                data real atol) {
    return max(abs(y - before) ./ (atol * m_powers(sizes) + rtol * abs(y)));
  }
  
  // State under an infusion that has always been running (of rate 0: without any dose).
  vector m_equilibrium(vector start,
                       int i,
                       vector p,
                       data vector s,
                       data array[] real time,
                       data array[] real amt,
                       data array[] real rate,
                       array[] int cmt,
                       data matrix own,
                       data real rtol,
                       data real atol,
                       int max_steps) {
    array[rate[i] == 0 ? 0 : 1] int running = rep_array(i,
                                                        rate[i] == 0 ? 0 : 1);
    vector[2] rests = m_rests(i, cmt, amt, rate);
    vector[2] y = start;
    array[2] int sizes = m_reached(rep_array(-10000, 2), time[i], y, p, s,
                                   m_seen(i, own), running, time, amt, rate,
                                   cmt, own);
    real span = 1;
    for (k in 1 : 40) {
      vector[2] before = y;
      y = rests
          .* m_hold(y, span, p, s, running, i, sizes, time, amt, rate, cmt,
                    own, rtol, atol, max_steps)
          + (1 - rests) .* start;
      sizes = m_grown(sizes, y);
      if (k > 10 && m_change(y, before, sizes, rtol, atol) <= 1) {
        return y;
      }
      span *= 2;
    }
    reject("no steady state for record ", i);
  }
  
  // State after one more dosing interval of record i.
  vector m_period(vector y,
                  vector rests,
                  int i,
                  int overlap,
                  real rest,
                  vector p,
                  data vector s,
                  array[] int sizes,
                  data array[] real time,
                  data array[] real amt,
                  data array[] real rate,
                  array[] int cmt,
                  data matrix own,
                  data real ii,
                  data real rtol,
                  data real atol,
                  int max_steps) {
    return rests
           .* m_phase(y, ii, rest, overlap, i, p, s, sizes, time, amt, rate,
                      cmt, own, rtol, atol, max_steps)
           + (1 - rests) .* y;
  }
  
  // Where Newton's method sees the state that an interval (from y to `image`) leaves as it is. Its
  // matrix is made of differences. Not a number where what is left over in an interval is not small
  // against what comes and goes, once the step is within the tolerance: far out, where elimination is
  // saturated, a state grows by the same amount each time.
  vector m_newton(vector y,
                  vector image,
                  vector rests,
                  int i,
                  int overlap,
                  real rest,
                  vector p,
                  data vector s,
                  array[] int sizes,
                  data array[] real time,
                  data array[] real amt,
                  data array[] real rate,
                  array[] int cmt,
                  data matrix own,
                  data real ii,
                  data real rtol,
                  data real atol,
                  int max_steps) {
    vector[2] scale = m_powers(sizes);
    vector[2] left = image - y;
    matrix[2, 2] a = identity_matrix(2);
    for (j in 1 : 2) {
      if (rests[j] == 1) {
        vector[2] moved = y;
        moved[j] += scale[j] / 64;
        a[ : , j] -= rests
                     .* (m_period(moved, rests, i, overlap, rest, p, s,
                                  sizes, time, amt, rate, cmt, own, ii, rtol,
                                  atol, max_steps)
                         - image)
                     * 64 / scale[j];
      }
    }
    vector[2] step = (diag_post_multiply(diag_pre_multiply(1 ./ scale, a),
                        scale)
                      \ (left ./ scale))
                     .* scale;
    vector[2] turnover = abs(a) * abs(y);
    real change = m_change(y + step, y, sizes, rtol, atol);
    for (j in 1 : 2) {
      real error = rtol * abs(y[j]);
      real least = -10 * atol * scale[j] - 1e-6 * (abs(y[j]) + abs(image[j]));
      if (is_nan(step[j]) || is_inf(step[j])
          || (y[j] >= 0 && image[j] >= 0 && y[j] + step[j] < least)
          || (rests[j] == 1 && change < 30
              && (turnover[j] < 10 * error
                  || abs(left[j])
                     > 1e-4 * turnover[j] + atol * scale[j] + error))) {
        return rep_vector(not_a_number(), 2);
      }
    }
    return y + step;
  }
  
  // Steady state at record i, before its own dose. SS = 1 starts from the initial values, SS = 2 from
  // nothing. The dose is repeated, and Newton's method tried from there. Its last step also brings
  // the derivatives to where they belong.
  vector m_steady(int i,
                  vector p,
                  data vector s,
                  data array[] real time,
                  array[] int evid,
                  data array[] real amt,
                  data array[] real rate,
                  data array[] real ii,
                  array[] int addl,
                  array[] int ss,
                  array[] int cmt,
                  data array[] real breaks,
                  data matrix segments,
                  data matrix own,
                  matrix timing,
                  data real rtol,
                  data real atol,
                  int max_steps) {
    vector[2] y = rep_vector(0, 2);
    if (ss[i] == 1) {
      y = m_initial(time[i], p, s, m_seen(i, own));
    }
    if (amt[i] == 0) {
      return m_equilibrium(y, i, p, s, time, amt, rate, cmt, own, rtol, atol,
                           max_steps);
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
    vector[2] dosed = y;
    array[rest > 0 || overlap > 0 ? overlap + 1 : 0] int running = rep_array(
                                                                    i,
                                                                    rest > 0
                                                                    || 
                                                                    overlap
                                                                    > 0
                                                                    ? 
                                                                    overlap
                                                                    + 1 : 0);
    if (size(running) == 0) {
      dosed[m_state(cmt[i])] += m_amount(i, p, s, time, amt, rate, cmt, own);
    }
    array[2] int sizes = m_reached(rep_array(-10000, 2), time[i], dosed, p,
                                   s, m_seen(i, own), running, time, amt,
                                   rate, cmt, own);
    vector[2] rests = m_rests(i, cmt, amt, rate);
    for (round in 1 : 40) {
      for (k in 1 : (round < 3 ? 5 : 25)) {
        y = m_period(y, rests, i, overlap, rest, p, s, sizes, time, amt,
                     rate, cmt, own, ii[i], rtol, atol, max_steps);
        sizes = m_grown(sizes, y);
      }
      for (j in 1 : 2) {
        if (sizes[j] == -10000) {
          // nothing reaches it: no noise is to be taken for its size
          rests[j] = 0;
        }
      }
      vector[2] z = y;
      real change = positive_infinity();
      int near = 0;
      for (newton in 1 : 8) {
        array[2] int far = m_grown(sizes, z);
        vector[2] image = m_period(z, rests, i, overlap, rest, p, s, far,
                                   time, amt, rate, cmt, own, ii[i], rtol,
                                   atol, max_steps);
        vector[2] before = z;
        z = m_newton(z, image, rests, i, overlap, rest, p, s, far, time, amt,
                     rate, cmt, own, ii[i], rtol, atol, max_steps);
        if (is_nan(sum(z))) {
          break;
        }
        real previous = change;
        change = m_change(z, before, far, rtol, atol);
        // within the tolerance, or as near as the solver's own errors let it come
        near += change < 1 || (change < 30 && change >= 0.5 * previous);
        if (near == 2) {
          // the first has the value, and only the next the derivatives
          if (phase >= ii[i]) {
            return z;
          }
          return rests
                 .* m_phase(z, phase, rest, overlap, i, p, s, far, time, amt,
                            rate, cmt, own, rtol, atol, max_steps)
                 + (1 - rests) .* z;
        }
      }
    }
    reject("no steady state for record ", i);
  }
  
  // The record up to which one can go from record i on: the first dose, the last one before a reset,
  // or the last of all.
  int m_limit(int i, array[] int evid) {
    int k = i;
    while (k < size(evid) && evid[k] != 1 && evid[k + 1] < 3) {
      k += 1;
    }
    return k;
  }
  
  // All outputs after each record, as `m_solve` returns them.
  matrix m_records(vector p,
                   data vector s,
                   data array[] real time,
                   array[] int evid,
                   data array[] real amt,
                   data array[] real rate,
                   data array[] real ii,
                   array[] int addl,
                   array[] int ss,
                   array[] int cmt,
                   data array[] real breaks,
                   data matrix segments,
                   data matrix own,
                   matrix timing,
                   data real rtol,
                   data real atol,
                   int max_steps) {
    int n = size(time);
    matrix[n, 2] out;
    array[3] int now = {1, 0, 0};
    vector[2] y = m_initial(time[1], p, s, m_seen(1, own));
    array[2] int sizes = rep_array(-10000, 2);
    int segment = 1; // of the covariates
    int first = 1; // doses of earlier records are over or dropped
    int next = 1; // the record that comes next
    while (next <= n) {
      if (evid[next] < 3) {
        // To the next change of rates or covariates, or to the next record that doses.
        int limit = m_limit(next, evid);
        segment = m_segment(m_time(now, time, ii, breaks, timing), segment,
                            breaks);
        array[3] int stop = m_next(now, segment, first, next - 1, limit,
                                   time, evid, amt, rate, ii, addl, ss, cmt,
                                   breaks, segments, own, timing);
        int last = next - 1;
        while (last + 1 < limit
               && (stop[3] == 0
                   || m_after(m_time(stop, time, ii, breaks, timing),
                              time[last + 1]))) {
          last += 1;
        }
        if (m_after(m_time(now, time, ii, breaks, timing), time[next])) {
          reject("time goes back at record ", next);
        }
        sizes = m_reached(sizes, m_time(now, time, ii, breaks, timing), y, p,
                          s, segments[segment]',
                          m_running(now, first, next - 1, time, evid, amt,
                                    rate, ii, addl, ss, cmt, breaks,
                                    segments, own, timing),
                          time, amt, rate, cmt, own);
        array[last - next + 2] vector[2] path = m_advance(y,
                                                          m_time(now, time,
                                                                 ii, breaks,
                                                                 timing),
                                                          append_array
                                                          (time[next : last],
                                                           {m_time(stop,
                                                                   time, ii,
                                                                   breaks,
                                                                   timing)}),
                                                          p, s,
                                                          segments[segment]',
                                                          m_running(now,
                                                                    first,
                                                                    next - 1,
                                                                    time,
                                                                    evid,
                                                                    amt,
                                                                    rate, ii,
                                                                    addl, ss,
                                                                    cmt,
                                                                    breaks,
                                                                    segments,
                                                                    own,
                                                                    timing),
                                                          sizes, time, amt,
                                                          rate, cmt, own,
                                                          rtol, atol,
                                                          max_steps);
        for (i in next : last) {
          out[i] = m_outputs(time[i], path[i - next + 1], p, s,
                             m_seen(i, own))';
        }
        y = path[last - next + 2];
        next = last + 1;
        now = stop;
        if (stop[3] != 0) {
          y += m_boluses(now, first, next - 1, p, s, time, evid, amt, rate,
                         ii, addl, ss, cmt, breaks, segments, own, timing);
          continue;
        }
      } else {
        now = {next, 0, 0};
        y = m_initial(time[next], p, s, m_seen(next, own));
        sizes = rep_array(-10000, 2);
        segment = next == 1 ? 1 : m_next_stretch(segment, breaks);
        first = next;
      }
      if (evid[next] == 1 || evid[next] == 4) {
        if (ss[next] > 0) {
          vector[2] steady = m_steady(next, p, s, time, evid, amt, rate, ii,
                                      addl, ss, cmt, breaks, segments, own,
                                      timing, rtol, atol, max_steps);
          y = ss[next] == 1 ? steady : y + steady;
          first = ss[next] == 1 ? next : first;
        }
        y += m_boluses(now, next, next, p, s, time, evid, amt, rate, ii,
                       addl, ss, cmt, breaks, segments, own, timing);
      }
      out[next] = m_outputs(time[next], y, p, s, m_seen(next, own))';
      next += 1;
    }
    return out;
  }
  
  // Outputs (columns) after the event of each record (rows) of one subject's table. `x` are the fixed
  // covariates, `breaks` and `segments` the starts of the covariate segments and intercept and slope
  // of each varying covariate in them, `own` the values at the records themselves. Each reset begins
  // a stretch of time with segments of its own. `cmt` counts the dosing compartments.
  matrix m_solve(vector p,
                 data vector x,
                 data array[] real time,
                 array[] int evid,
                 data array[] real amt,
                 data array[] real rate,
                 data array[] real ii,
                 array[] int addl,
                 array[] int ss,
                 array[] int cmt,
                 data array[] real breaks,
                 data matrix segments,
                 data matrix own,
                 data real rtol,
                 data real atol,
                 int max_steps) {
    return m_records(p, m_subject(x), time, evid, amt, rate, ii, addl, ss,
                     cmt, breaks, segments, own,
                     m_timing(p, m_subject(x), evid, time, amt, rate, cmt,
                              own),
                     rtol, atol, max_steps);
  }
}

