"""From a stated model to one flat system of equations, its checks, and its lowered form."""
