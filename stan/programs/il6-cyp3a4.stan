// IL-6 suppresses CYP3A4: midazolam, oral and intravenous, during inflammation
functions {
  // All outputs (columns) of one subject after each of its records (rows), with
  // analytic sensitivities to p: the kernel of stan/cpp/kernel.
  matrix ode_solve(vector p,
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
                   int max_steps);
  // Individual parameters: one vector per subject.
  array[] vector individual_parameters(real CLint,
                                       real CLgut,
                                       real ka,
                                       real Kp_scale,
                                       real CL_il6,
                                       real EC50,
                                       real Emin,
                                       matrix eta,
                                       data vector x__WT) {
    matrix[rows(eta), 7] each;
    each[ : , 1] = CLint * (x__WT / 73.0) .^ 0.75 .* exp(eta[ : , 1]); // CLint
    each[ : , 2] = CLgut * exp(eta[ : , 2]); // CLgut
    each[ : , 3] = ka * exp(eta[ : , 3]); // ka
    each[ : , 4] = rep_vector(Kp_scale, rows(eta)); // Kp_scale
    each[ : , 5] = rep_vector(CL_il6, rows(eta)); // CL_il6
    each[ : , 6] = EC50 * exp(eta[ : , 4]); // EC50
    each[ : , 7] = rep_vector(Emin, rows(eta)); // Emin
    array[rows(eta)] vector[7] theta;
    for (s in 1 : rows(eta)) {
      theta[s] = each[s]';
    }
    return theta;
  }
  // Log density of one value y of an output around its prediction f.
  // Censored: -1, all that is known is that it lies below y; 1, above y.
  real residual_lpdf(real y, real f, int output, int censored, vector sigma) {
    if (output == 1) {
      // cp
      if (censored < 0) {
        return normal_lcdf(y | f, sigma[1] * abs(f));
      }
      if (censored > 0) {
        return normal_lccdf(y | f, sigma[1] * abs(f));
      }
      return normal_lpdf(y | f, sigma[1] * abs(f));
    }
    if (output == 2) {
      // il6_level
      if (censored < 0) {
        return lognormal_lcdf(y | log(f), sigma[2]);
      }
      if (censored > 0) {
        return lognormal_lccdf(y | log(f), sigma[2]);
      }
      return lognormal_lpdf(y | log(f), sigma[2]);
    }
    reject("output ", output, " has no residual error");
  }
  // Whether a distribution has such a location and scale (and degrees of freedom).
  int is_distribution(real location, real scale) {
    return abs(location) < positive_infinity() && scale > 0
           && scale < positive_infinity();
  }
  // Whether values of an output can lie around its prediction f (a failed solve is NaN).
  int residual_is_possible(real f, int output, vector sigma) {
    if (output == 1) {
      // cp
      return is_distribution(f, sigma[1] * abs(f));
    }
    if (output == 2) {
      // il6_level
      return is_distribution(log(f), sigma[2]);
    }
    reject("output ", output, " has no residual error");
  }
  // One new value of an output around its prediction f.
  real residual_draw_rng(real f, int output, vector sigma) {
    if (output == 1) {
      // cp
      return normal_rng(f, sigma[1] * abs(f));
    }
    if (output == 2) {
      // il6_level
      return lognormal_rng(log(f), sigma[2]);
    }
    reject("output ", output, " has no residual error");
  }
  // Log densities of the priors.
  real prior__CLint(real CLint) {
    return lognormal_lpdf(CLint | 7.388327859577107, 0.5); // lognormal(log(1617), 0.5)
  }
  real prior__CLgut(real CLgut) {
    return lognormal_lpdf(CLgut | 2.6946271807700692, 0.5); // lognormal(log(14.8), 0.5)
  }
  real prior__ka(real ka) {
    return lognormal_lpdf(ka | 1.1118575154181303, 0.5); // lognormal(log(3.04), 0.5)
  }
  real prior__Kp_scale(real Kp_scale) {
    return lognormal_lpdf(Kp_scale | 0, 0.3); // lognormal(log(1), 0.3)
  }
  real prior__CL_il6(real CL_il6) {
    return lognormal_lpdf(CL_il6 | 0, 0.3); // lognormal(log(1), 0.3)
  }
  real prior__EC50(real EC50) {
    return lognormal_lpdf(EC50 | 4.293195420967266, 0.5); // lognormal(log(73.2), 0.5)
  }
  real prior__Emin(real Emin) {
    return normal_lpdf(logit(Emin) | -1.1526795099383855, 0.5) - log(Emin)
           - log1m(Emin); // logit_normal(logit(0.24), 0.5)
  }
  real prior__omega(vector omega) {
    real total = 0;
    total += normal_lpdf(omega[1] | 0, 0.5); // CLint: half_normal(0.5)
    total += normal_lpdf(omega[2] | 0, 0.5); // CLgut: half_normal(0.5)
    total += normal_lpdf(omega[3] | 0, 0.7); // ka: half_normal(0.7)
    total += normal_lpdf(omega[4] | 0, 0.5); // EC50: half_normal(0.5)
    return total;
  }
  real prior__sigma(vector sigma) {
    real total = 0;
    total += normal_lpdf(sigma[1] | 0, 0.5); // cp: half_normal(0.5)
    total += normal_lpdf(sigma[2] | 0, 0.5); // il6_level: half_normal(0.5)
    return total;
  }
  // Log densities of the random effects.
  real effects__z(matrix z) {
    real total = 0;
    total += std_normal_lpdf(z[ : , 1]);
    total += std_normal_lpdf(z[ : , 2]);
    total += std_normal_lpdf(z[ : , 3]);
    total += std_normal_lpdf(z[ : , 4]);
    return total;
  }
  // Log likelihood of a slice of the subjects.
  real log_lik_of(array[] vector theta,
                  int first,
                  int last,
                  vector sigma,
                  data array[] int begin,
                  data array[] real time,
                  data array[] int evid,
                  data array[] real amt,
                  data array[] real rate,
                  data array[] real ii,
                  data array[] int addl,
                  data array[] int ss,
                  data array[] int cmt,
                  data matrix x,
                  data array[] int piece,
                  data array[] real breaks,
                  data matrix segments,
                  data matrix own,
                  data array[] int observed,
                  data array[] int record,
                  data array[] int output,
                  data array[] int censored,
                  data vector y,
                  data real rtol,
                  data real atol,
                  data int max_steps) {
    real total = 0;
    for (s in first : last) {
      matrix[begin[s + 1] - begin[s], 4] f = ode_solve(theta[s - first + 1],
                                                       x[s]',
                                                       time[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       evid[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       amt[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       rate[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       ii[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       addl[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       ss[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       cmt[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       breaks[piece[s] : 
                                                       piece[s + 1] - 1],
                                                       segments[piece[s] : 
                                                       piece[s + 1] - 1],
                                                       own[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       rtol, atol, max_steps);
      for (i in observed[s] : observed[s + 1] - 1) {
        total += residual_lpdf(y[i] | f[record[i], output[i]], output[i],
                               censored[i], sigma);
      }
    }
    return total;
  }
}
data {
  int<lower=1> subjects;
  // Records of all subjects, one after the other; subject s begins at begin[s].
  int<lower=1> records;
  array[subjects + 1] int<lower=1, upper=records + 1> begin;
  array[records] real time;
  array[records] int evid;
  array[records] real amt;
  array[records] real rate;
  array[records] real ii;
  array[records] int addl;
  array[records] int ss;
  array[records] int cmt;
  // Covariates: fixed ones; of the others intercept and slope from each break on, and the
  // values that the records themselves state.
  matrix[subjects, 2] x;
  int<lower=1> pieces;
  array[subjects + 1] int<lower=1, upper=pieces + 1> piece;
  array[pieces] real breaks;
  matrix[pieces, 0] segments;
  matrix[records, 0] own;
  // Observations by subject: record within the subject, output, value.
  int<lower=0> observations;
  array[subjects + 1] int<lower=1, upper=observations + 1> observed;
  array[observations] int<lower=1> record;
  array[observations] int<lower=1> output;
  array[observations] int<lower=-1, upper=1> censored;
  vector[observations] y;
  real<lower=0> rtol;
  real<lower=0> atol;
  int<lower=1> max_steps;
  int<lower=1> slice_size;
  vector[subjects] x__WT; // kg
}
parameters {
  real<lower=0> CLint; // L/h
  real<lower=0> CLgut; // L/h
  real<lower=0> ka; // 1/h
  real<lower=0> Kp_scale;
  real<lower=0> CL_il6; // L/h
  real<lower=0> EC50; // pg/mL
  real<lower=0, upper=1> Emin;
  vector<lower=0>[4] omega; // SD of eta: CLint, CLgut, ka, EC50
  matrix[subjects, 4] z; // CLint, CLgut, ka, EC50
  vector<lower=0>[2] sigma; // residual error: cp, il6_level
}
transformed parameters {
  matrix[subjects, 4] eta;
  eta[ : , 1] = omega[1] * z[ : , 1];
  eta[ : , 2] = omega[2] * z[ : , 2];
  eta[ : , 3] = omega[3] * z[ : , 3];
  eta[ : , 4] = omega[4] * z[ : , 4];
}
model {
  target += prior__CLint(CLint);
  target += prior__CLgut(CLgut);
  target += prior__ka(ka);
  target += prior__Kp_scale(Kp_scale);
  target += prior__CL_il6(CL_il6);
  target += prior__EC50(EC50);
  target += prior__Emin(Emin);
  target += prior__omega(omega);
  target += prior__sigma(sigma);
  target += effects__z(z);
  array[subjects] vector[7] theta = individual_parameters(CLint, CLgut, ka,
                                      Kp_scale, CL_il6, EC50, Emin, eta,
                                      x__WT);
  target += reduce_sum_static(log_lik_of, theta, slice_size, sigma, begin,
              time, evid, amt, rate, ii, addl, ss, cmt, x, piece, breaks,
              segments, own, observed, record, output, censored, y, rtol,
              atol, max_steps);
}
generated quantities {
  real lprior = prior__CLint(CLint) + prior__CLgut(CLgut) + prior__ka(ka)
                + prior__Kp_scale(Kp_scale) + prior__CL_il6(CL_il6)
                + prior__EC50(EC50) + prior__Emin(Emin) + prior__omega
                (omega) + prior__sigma(sigma); // log density of all priors
  vector[observations] log_lik;
  vector[observations] prediction; // of the individual, without residual error
  vector[observations] replicate; // with residual error
  {
    array[subjects] vector[7] theta = individual_parameters(CLint, CLgut, ka,
                                        Kp_scale, CL_il6, EC50, Emin, eta,
                                        x__WT);
    for (s in 1 : subjects) {
      matrix[begin[s + 1] - begin[s], 4] f = ode_solve(theta[s], x[s]',
                                                       time[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       evid[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       amt[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       rate[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       ii[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       addl[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       ss[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       cmt[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       breaks[piece[s] : 
                                                       piece[s + 1] - 1],
                                                       segments[piece[s] : 
                                                       piece[s + 1] - 1],
                                                       own[begin[s] : 
                                                       begin[s + 1] - 1],
                                                       rtol, atol, max_steps);
      for (i in observed[s] : observed[s + 1] - 1) {
        prediction[i] = f[record[i], output[i]];
        int possible = residual_is_possible(prediction[i], output[i], sigma);
        log_lik[i] = possible
                     ? residual_lpdf(y[i] | prediction[i], output[i],
                                     censored[i], sigma)
                     : negative_infinity();
        replicate[i] = possible
                       ? residual_draw_rng(prediction[i], output[i], sigma)
                       : not_a_number();
      }
    }
  }
}

