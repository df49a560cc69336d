// Antibody: minimal PBPK with target-mediated disposition in plasma
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
  array[] vector individual_parameters(real CL, real R0, real kdeg, real kon,
                                       real koff, real kint, matrix eta) {
    matrix[rows(eta), 6] each;
    each[ : , 1] = CL * exp(eta[ : , 1]); // CL
    each[ : , 2] = R0 * exp(eta[ : , 2]); // R0
    each[ : , 3] = rep_vector(kdeg, rows(eta)); // kdeg
    each[ : , 4] = rep_vector(kon, rows(eta)); // kon
    each[ : , 5] = rep_vector(koff, rows(eta)); // koff
    each[ : , 6] = rep_vector(kint, rows(eta)); // kint
    array[rows(eta)] vector[6] theta;
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
      // target
      if (censored < 0) {
        return normal_lcdf(y | f, sigma[2] * abs(f));
      }
      if (censored > 0) {
        return normal_lccdf(y | f, sigma[2] * abs(f));
      }
      return normal_lpdf(y | f, sigma[2] * abs(f));
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
      // target
      return is_distribution(f, sigma[2] * abs(f));
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
      // target
      return normal_rng(f, sigma[2] * abs(f));
    }
    reject("output ", output, " has no residual error");
  }
  // Log densities of the priors.
  real prior__CL(real CL) {
    return lognormal_lpdf(CL | -4.605170185988091, 0.5); // lognormal(log(0.01), 0.5)
  }
  real prior__R0(real R0) {
    return lognormal_lpdf(R0 | 1.6094379124341003, 0.5); // lognormal(log(5), 0.5)
  }
  real prior__kdeg(real kdeg) {
    return lognormal_lpdf(kdeg | -2.995732273553991, 0.5); // lognormal(log(0.05), 0.5)
  }
  real prior__kon(real kon) {
    return lognormal_lpdf(kon | 0, 0.5); // lognormal(log(1), 0.5)
  }
  real prior__koff(real koff) {
    return lognormal_lpdf(koff | -0.6931471805599453, 0.5); // lognormal(log(0.5), 0.5)
  }
  real prior__kint(real kint) {
    return lognormal_lpdf(kint | -3.506557897319982, 0.5); // lognormal(log(0.03), 0.5)
  }
  real prior__omega(vector omega) {
    real total = 0;
    total += normal_lpdf(omega[1] | 0, 0.5); // CL: half_normal(0.5)
    total += normal_lpdf(omega[2] | 0, 0.5); // R0: half_normal(0.5)
    return total;
  }
  real prior__sigma(vector sigma) {
    real total = 0;
    total += normal_lpdf(sigma[1] | 0, 0.5); // cp: half_normal(0.5)
    total += normal_lpdf(sigma[2] | 0, 0.5); // target: half_normal(0.5)
    return total;
  }
  // Log densities of the random effects.
  real effects__eta(matrix eta, vector omega) {
    real total = 0;
    total += normal_lpdf(eta[ : , 1] | 0, omega[1]);
    total += normal_lpdf(eta[ : , 2] | 0, omega[2]);
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
      matrix[begin[s + 1] - begin[s], 2] f = ode_solve(theta[s - first + 1],
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
  matrix[subjects, 0] x;
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
}
parameters {
  real<lower=0> CL; // L/h
  real<lower=0> R0; // nM
  real<lower=0> kdeg; // 1/h
  real<lower=0> kon; // 1/nM/h
  real<lower=0> koff; // 1/h
  real<lower=0> kint; // 1/h
  vector<lower=0>[2] omega; // SD of eta: CL, R0
  matrix[subjects, 2] z; // CL, R0
  vector<lower=0>[2] sigma; // residual error: cp, target
}
transformed parameters {
  matrix[subjects, 2] eta;
  eta[ : , 1] = z[ : , 1] - log(CL);
  eta[ : , 2] = z[ : , 2] - log(R0);
}
model {
  target += prior__CL(CL);
  target += prior__R0(R0);
  target += prior__kdeg(kdeg);
  target += prior__kon(kon);
  target += prior__koff(koff);
  target += prior__kint(kint);
  target += prior__omega(omega);
  target += prior__sigma(sigma);
  target += effects__eta(eta, omega);
  array[subjects] vector[6] theta = individual_parameters(CL, R0, kdeg, kon,
                                      koff, kint, eta);
  target += reduce_sum_static(log_lik_of, theta, slice_size, sigma, begin,
              time, evid, amt, rate, ii, addl, ss, cmt, x, piece, breaks,
              segments, own, observed, record, output, censored, y, rtol,
              atol, max_steps);
}
generated quantities {
  real lprior = prior__CL(CL) + prior__R0(R0) + prior__kdeg(kdeg)
                + prior__kon(kon) + prior__koff(koff) + prior__kint(kint)
                + prior__omega(omega) + prior__sigma(sigma); // log density of all priors
  vector[observations] log_lik;
  vector[observations] prediction; // of the individual, without residual error
  vector[observations] replicate; // with residual error
  {
    array[subjects] vector[6] theta = individual_parameters(CL, R0, kdeg,
                                        kon, koff, kint, eta);
    for (s in 1 : subjects) {
      matrix[begin[s + 1] - begin[s], 2] f = ode_solve(theta[s], x[s]',
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

