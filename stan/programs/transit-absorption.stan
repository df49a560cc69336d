// Oral absorption through a transit chain
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
  array[] vector individual_parameters(real CL, real V, real MTT, real ka,
                                       matrix eta) {
    matrix[rows(eta), 4] each;
    each[ : , 1] = CL * exp(eta[ : , 1]); // CL
    each[ : , 2] = V * exp(eta[ : , 2]); // V
    each[ : , 3] = MTT * exp(eta[ : , 3]); // MTT
    each[ : , 4] = rep_vector(ka, rows(eta)); // ka
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
  real prior__CL(real CL) {
    return lognormal_lpdf(CL | 1.6094379124341003, 0.5); // lognormal(log(5), 0.5)
  }
  real prior__V(real V) {
    return lognormal_lpdf(V | 3.912023005428146, 0.5); // lognormal(log(50), 0.5)
  }
  real prior__MTT(real MTT) {
    return lognormal_lpdf(MTT | 0, 0.5); // lognormal(log(1), 0.5)
  }
  real prior__ka(real ka) {
    return lognormal_lpdf(ka | 0.6931471805599453, 0.5); // lognormal(log(2), 0.5)
  }
  real prior__omega(vector omega) {
    real total = 0;
    total += normal_lpdf(omega[1] | 0, 0.5); // CL: half_normal(0.5)
    total += normal_lpdf(omega[2] | 0, 0.5); // V: half_normal(0.5)
    total += normal_lpdf(omega[3] | 0, 0.5); // MTT: half_normal(0.5)
    return total;
  }
  real prior__sigma(vector sigma) {
    return normal_lpdf(sigma[1] | 0, 0.5); // cp: half_normal(0.5)
  }
  // Log densities of the random effects.
  real effects__z(matrix z) {
    real total = 0;
    total += std_normal_lpdf(z[ : , 1]);
    total += std_normal_lpdf(z[ : , 2]);
    return total;
  }
  real effects__eta(matrix eta, vector omega) {
    return normal_lpdf(eta[ : , 3] | 0, omega[3]);
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
  real<lower=0> V; // L
  real<lower=0> MTT; // h
  real<lower=0> ka; // 1/h
  vector<lower=0>[3] omega; // SD of eta: CL, V, MTT
  matrix[subjects, 3] z; // CL, V, MTT
  vector<lower=0>[1] sigma; // residual error: cp
}
transformed parameters {
  matrix[subjects, 3] eta;
  eta[ : , 1] = omega[1] * z[ : , 1];
  eta[ : , 2] = omega[2] * z[ : , 2];
  eta[ : , 3] = z[ : , 3] - log(MTT);
}
model {
  target += prior__CL(CL);
  target += prior__V(V);
  target += prior__MTT(MTT);
  target += prior__ka(ka);
  target += prior__omega(omega);
  target += prior__sigma(sigma);
  target += effects__z(z);
  target += effects__eta(eta, omega);
  array[subjects] vector[4] theta = individual_parameters(CL, V, MTT, ka,
                                      eta);
  target += reduce_sum_static(log_lik_of, theta, slice_size, sigma, begin,
              time, evid, amt, rate, ii, addl, ss, cmt, x, piece, breaks,
              segments, own, observed, record, output, censored, y, rtol,
              atol, max_steps);
}
generated quantities {
  real lprior = prior__CL(CL) + prior__V(V) + prior__MTT(MTT) + prior__ka(ka)
                + prior__omega(omega) + prior__sigma(sigma); // log density of all priors
  vector[observations] log_lik;
  vector[observations] prediction; // of the individual, without residual error
  vector[observations] replicate; // with residual error
  {
    array[subjects] vector[4] theta = individual_parameters(CL, V, MTT, ka,
                                        eta);
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

