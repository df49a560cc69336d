"""Stan text for the sizes of states, to which tolerances are relative, as in the kernel."""

__all__ = ["REACH", "SIZES"]

SIZES = """\
// The least k with |y| <= 2^k (limited; -10000 for 0).
int ${m}_exponent(real y) {
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
array[] int ${m}_grown(array[] int size, vector y) {
  array[$states] int grown = size;
  for (i in 1 : $states) {
    grown[i] = max(grown[i], ${m}_exponent(y[i]));
  }
  return grown;
}

// The sizes themselves. A state that nothing reaches counts as large as the largest.
vector ${m}_powers(array[] int size) {
  vector[$states] powers;
  int most = max(size) == -10000 ? 0 : max(size);
  for (i in 1 : $states) {
    powers[i] = 2.0 ^ (size[i] == -10000 ? most : size[i]);
  }
  return powers;
}
"""

REACH = """\
// Sizes at a time from which the solver goes on. A state that has been 0 so far gets its size from
// what flows into it, from state to state: the flow times how long it lasts.
array[] int ${m}_reached(array[] int before, real t, vector y, vector p, data vector s,
                         data vector c, array[] int running, $DOSING) {
  array[$states] int size = ${m}_grown(before, y);
  if (min(size) > -10000) {
    return size;
  }
  real span = max(time) > min(time) ? max(time) - min(time) : 1;
  vector[$states] at = y;
  vector[$states] reach = abs(${m}_driven(t, y, p, s, c, running, $dosing)) * span;
  vector[$states] lasting = rep_vector(span, $states);
  array[$states] int done = rep_array(0, $states);
  for (i in 1 : $states) {
    reach[i] = size[i] == -10000 ? reach[i] : 2.0 ^ size[i];
  }
  for (round in 1 : $states) {
    int j = 0; // the largest that has not had its turn
    for (i in 1 : $states) {
      if (!done[i] && reach[i] > 0 && reach[i] < 1e250 && (j == 0 || reach[i] > reach[j])) {
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
    vector[$states] more = at;
    more[j] += reach[j] / 1024;
    vector[$states] slope = abs(${m}_driven(t, more, p, s, c, running, $dosing)
                                - ${m}_driven(t, at, p, s, c, running, $dosing))
                            / (reach[j] / 1024);
    real life = slope[j] * span > 1 ? 1 / slope[j] : span; // 1 / 0 has no derivative
    if (size[j] == -10000) {
      reach[j] *= life < lasting[j] ? life / lasting[j] : 1;
      at[j] = reach[j];
    }
    for (i in 1 : $states) {
      if (size[i] == -10000 && !done[i] && slope[i] * life * reach[j] > reach[i]) {
        reach[i] = slope[i] * life * reach[j];
        lasting[i] = life;
      }
    }
  }
  for (i in 1 : $states) {
    if (size[i] == -10000 && done[i]) {
      size[i] = ${m}_exponent(reach[i]);
    }
  }
  return size;
}
"""
