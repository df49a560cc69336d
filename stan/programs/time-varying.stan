// One compartment with covariates that change over time
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
  array[] vector individual_parameters(real CLu, real V, real ka, real CRP50,
                                       matrix eta) {
    matrix[rows(eta), 4] each;
    each[ : , 1] = CLu * exp(eta[ : , 1]); // CLu
    each[ : , 2] = V * exp(eta[ : , 2]); // V
    each[ : , 3] = rep_vector(ka, rows(eta)); // ka
    each[ : , 4] = rep_vector(CRP50, rows(eta)); // CRP50
    array[rows(eta)] vector[4] theta;
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
    reject("output ", output, " has no residual error");
  }
  // One new value of an output around its prediction f.
  real residual_draw_rng(real f, int output, vector sigma) {
    if (output == 1) {
      // cp
      return normal_rng(f, sigma[1] * abs(f));
    }
    reject("output ", output, " has no residual error");
  }
  // Log densities of the priors.
  real prior__CLu(real CLu) {
    return lognormal_lpdf(CLu | 4.382026634673881, 0.5); // lognormal(log(80), 0.5)
  }
  real prior__V(real V) {
    return lognormal_lpdf(V | 3.4011973816621555, 0.5); // lognormal(log(30), 0.5)
  }
  real prior__ka(real ka) {
    return lognormal_lpdf(ka | 0, 0.5); // lognormal(log(1), 0.5)
  }
  real prior__CRP50(real CRP50) {
    return lognormal_lpdf(CRP50 | 3.912023005428146, 0.7); // lognormal(log(50), 0.7)
  }
  real prior__omega(vector omega) {
    real total = 0;
    total += normal_lpdf(omega[1] | 0, 0.5); // CLu: half_normal(0.5)
    total += normal_lpdf(omega[2] | 0, 0.5); // V: half_normal(0.5)
    return total;
  }
  real prior__sigma(vector sigma) {
    return normal_lpdf(sigma[1] | 0, 0.5); // cp: half_normal(0.5)
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
      matrix[begin[s + 1] - begin[s], 1] f = ode_solve(theta[s - first + 1],
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
  matrix[pieces, 4] segments;
  matrix[records, 2] own;
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
  real<lower=0> CLu; // L/h
  real<lower=0> V; // L
  real<lower=0> ka; // 1/h
  real<lower=0> CRP50; // mg/L
  vector<lower=0>[2] omega; // SD of eta: CLu, V
  matrix[subjects, 2] z; // CLu, V
  vector<lower=0>[1] sigma; // residual error: cp
}
transformed parameters {
  matrix[subjects, 2] eta;
  eta[ : , 1] = z[ : , 1] - log(CLu);
  eta[ : , 2] = z[ : , 2] - log(V);
}
model {
  target += prior__CLu(CLu);
  target += prior__V(V);
  target += prior__ka(ka);
  target += prior__CRP50(CRP50);
  target += prior__omega(omega);
  target += prior__sigma(sigma);
  target += effects__eta(eta, omega);
  array[subjects] vector[4] theta = individual_parameters(CLu, V, ka, CRP50,
                                      eta);
  target += reduce_sum_static(log_lik_of, theta, slice_size, sigma, begin,
              time, evid, amt, rate, ii, addl, ss, cmt, x, piece, breaks,
              segments, own, observed, record, output, censored, y, rtol,
              atol, max_steps);
}
generated quantities {
  real lprior = prior__CLu(CLu) + prior__V(V) + prior__ka(ka)
                + prior__CRP50(CRP50) + prior__omega(omega)
                + prior__sigma(sigma); // log density of all priors
  vector[observations] log_lik;
  vector[observations] prediction; // of the individual, without residual error
  vector[observations] replicate; // with residual error
  {
    array[subjects] vector[4] theta = individual_parameters(CLu, V, ka,
                                        CRP50, eta);
    for (s in 1 : subjects) {
      matrix[begin[s + 1] - begin[s], 1] f = ode_solve(theta[s], x[s]',
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

