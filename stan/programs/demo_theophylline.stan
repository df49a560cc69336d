// Oral theophylline in twelve subjects: a depot and a central compartment, solved as an ODE.
// Parameterised as in Pinheiro & Bates (2000), section 8.2: logarithms of CL (L/h/kg), ka and ke
// (1/h), with between-subject variability of CL and ka.
functions {
  vector depot_and_central(real t, vector y, real ka, real ke, real V) {
    return [-ka * y[1], ka * y[1] / V - ke * y[2]]';
  }
}
data {
  int<lower=1> subjects;
  int<lower=1> n;
  array[subjects] int<lower=1> first;
  array[subjects] int<lower=1> last;
  vector<lower=0>[subjects] dose; // mg/kg
  array[n] real<lower=0> time; // h, greater than 0
  vector[n] concentration; // mg/L
}
parameters {
  real log_CL;
  real log_ka;
  real log_ke;
  vector<lower=0>[2] omega; // of log CL, log ka
  matrix[2, subjects] z;
  real<lower=0> sigma;
}
transformed parameters {
  vector[subjects] CL = exp(log_CL + omega[1] * z[1]');
  vector[subjects] ka = exp(log_ka + omega[2] * z[2]');
  real ke = exp(log_ke);
  vector[n] prediction;
  for (i in 1 : subjects) {
    array[last[i] - first[i] + 1] vector[2] y
      = ode_rk45_tol(depot_and_central, [dose[i], 0]', 0, time[first[i] : last[i]],
                     1e-6, 1e-6, 10000, ka[i], ke, CL[i] / ke);
    prediction[first[i] : last[i]] = to_vector(y[ : , 2]);
  }
}
model {
  log_CL ~ normal(log(0.04), 0.5);
  log_ka ~ normal(log(1), 1);
  log_ke ~ normal(log(0.1), 0.5);
  omega ~ normal(0, 1);
  to_vector(z) ~ std_normal();
  sigma ~ normal(0, 1);
  concentration ~ normal(prediction, sigma);
}
generated quantities {
  array[n] real replicate = normal_rng(prediction, sigma);
}
