"""The text of the pure-Stan sizes of states: tolerances are relative to them, as in the kernel."""

__all__ = ["SIZES"]

SIZES = """\
// The least k with |y| <= 2^k (limited, and far below for 0).
int ${m}_exponent(real y) {
  int k = 0;
  if (y == 0) {
    return -10000;
  }
  while (k < 1000 && abs(y) > 2.0 ^ k) {
    k += 16;
  }
  while (k > -1000 && abs(y) <= 2.0 ^ (k - 16)) {
    k -= 16;
  }
  while (k > -1000 && abs(y) <= 2.0 ^ (k - 1)) {
    k -= 1;
  }
  return k;
}

// Sizes of states, as exponents of two: the largest value that each has had.
array[] int ${m}_grown(array[] int size, vector y) {
  array[$states] int grown = size;
  for (i in 1 : $states) {
    grown[i] = max(grown[i], ${m}_exponent(y[i]));
  }
  return grown;
}

// The same for a stretch that begins with the derivative dydt. A state that has been 0 so far
// counts as a sixteenth of the largest: from less, Stan's solvers cannot start.
array[] int ${m}_chosen(array[] int size, vector dydt) {
  array[$states] int chosen = size;
  int most = max(size);
  for (i in 1 : $states) {
    int least = size[i] <= -10000 ? 4 : 20;
    chosen[i] = max({chosen[i], max(most, ${m}_exponent(dydt[i])) - least, -1000});
  }
  return chosen;
}

vector ${m}_powers(array[] int size) {
  vector[$states] powers;
  for (i in 1 : $states) {
    powers[i] = 2.0 ^ max(size[i], -1000);
  }
  return powers;
}
"""
