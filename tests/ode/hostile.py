"""Inputs that must end in a clear error within a second, with nothing run."""

import string

_MIN_TOWER = "x"
for _name in string.ascii_lowercase:
    _MIN_TOWER = f"min({_MIN_TOWER}, {_name} + {_MIN_TOWER})" if len(_MIN_TOWER) < 1500 else (
        _MIN_TOWER
    )  # fmt: skip

HOSTILE = [
    # Python that is not arithmetic
    "__import__('os').system('true')", "().__class__.__bases__[0].__subclasses__()",
    "x.__class__", "x.__dict__", "liver.C.__init__", "exp.__globals__", "open(x)", "eval(x)",
    "exec(x)", "compile(x)", "getattr(x, y)", "print(1)", "exit()", "input()", "globals()",
    "import os", "from os import system", "lambda: 1", "lambda x: x", "(y := 1)", "y := 1",
    "[x for x in y]", "[1, 2]", "{1: 2}", "{1}", "(1, 2)", "1, 2", "()", "x[0]", "x[0:1]",
    "'a'", '"a"', "f'{x}'", "b'a'", "'''x'''", "r'x'", "1j", "0x10", "0b1", "0o7", "1_000", "007",
    "True", "False", "None", "...", "Ellipsis()", "x if y", "x if 1 else 2", "if x: y", "not x",
    "x and y", "x < 1", "1 < 2", "x or 1", "await x", "yield x", "yield", "return x", "del x",
    "assert x", "raise x", "pass", "class A: pass", "def f(): pass", "global x", "with x: y",
    "while 1: 1", "for x in y: 1", "try: x", "x in y", "x is y", "x @ y", "x // y", "x % y",
    "x << 2", "x >> 2", "x & y", "x | y", "~x", "x ! y", "x ? y : z", "x == 1", "x = 1", "x += 1",
    "*x", "**x", "exp(*x)", "exp(**x)", "exp(x=1)", "exp(x for x in y)", "exp()", "exp(1, 2)",
    "exp", "min(1)", "min()", "max", "piecewise(1)", "piecewise(1, 2, 3)", "piecewise(1, x<1)",
    "piecewise(x<1, 1, 2)", "x()", "x(1)", "x.y(1)", "(x)(1)", "exp(x)(1)", "1(2)",
    "liver.exp(1)", "liver.if", "a.lambda", "f(x).y", "(x).y", "1.x", "1.e", "x..y", ".x", "x.",
    "x._y", "_x", "__x", "x__y", "if", "else", "and", "is", "$x", "`x`", "x'", "@x", "\\", "\\x",
    "x \\ y", "#", "", " ", "\n", ";", "x;", "x;y", "\t\n", "=", "==", "+", "-", "(", ")", "((x)",
    "(x))", ")x(", "x y", "2x", "2 x", "x 2", "1 2", "1..2", "1.2.3", "1e", "1e+", "e1.2.3e",
    # numbers
    "9**9**9", "9^9^9^9^9", "2^(2^(2^(2^9)))", "10^10^10", "x^101", "x^-101", "1e400", "1e-400",
    "1e99999999999", "9" * 400, "9" * 10_000, "0." + "0" * 400 + "1", "1e300^2", "10^100 * 10^100",
    "99^99 * 99^99", "exp(1000)", "exp(exp(exp(exp(9))))", "log(0)", "log(-1)", "sqrt(-1)",
    "log10(0)", "log2(-3)", "1/0", "1/(1-1)", "x/(2-2)", "0^-1", "0^0", "(-8)^(1/3)", "(-1)^0.5",
    "(-2)^1.5", "exp(710)", "(1/3)^-300", "1.0000001^99^9", "(10^99)^x^101", "1e150*10",
    "1e149 * 1e149 * x", "(x + 1e149)^99 * (7^99)^99", "exp(99)^99", "tanh(1/0)", "abs(log(0))",
    # size and depth
    "(" * 70 + "x" + ")" * 70, "-" * 500 + "x", "+" * 1500 + "x", "not " * 500 + "x < 1",
    "exp(" * 70 + "x" + ")" * 70, "x^" * 200 + "x", "x if x < 1 else " * 200 + "x",
    "(" * 100_000, ")" * 100_000, "-" * 100_000, "x+" * 500_000 + "x", "x" * 1_000_000,
    "1" * 1_000_000, " " * 1_000_000, "x*" * 2000 + "x", "a" * 129, "a." * 100 + "b",
    "\n" * 1_000_000, "#" * 1_000_000, ";" * 150_000, "max(" + "x," * 900 + "x)", _MIN_TOWER,
    "min(x, " * 55 + "y" + ")" * 55, "abs(" * 55 + "x - 1" + ")" * 55,
    "piecewise(" + "x, x < 1, " * 300 + "x)" + "^1e9", "abs(abs(x) - abs(y)) > 1",
    "x < " * 900 + "x", " and ".join(["x < 1"] * 500),
    # characters
    "\u0445 + 1", "x\u00b2", "\uff11 + 1", "x \u2212 1", "x\u00d71", "\u03b8", "x\u200b",
    "\ufeffx", "x\u202e1", "x\x001", "\x00", "x\x0c", "x\x0b1", "\x1b[31mx", "x\u00a01", "\u2028",
    "\U0001d465", "\ud800", "e\u0301", "\u212f^x", "\ufb01", "\uff45\uff58\uff50(1)", "\u00aa",
    "\U0001d41e\U0001d431\U0001d429(1)", "\u1d2c",
]  # fmt: skip

HOSTILE_BLOCKS = [
    "import os", "x", "= 1", "x =", "x = = 1", "x == 1", "d(x)/dt", "d(x) = 1", "d(x)/dx = 1",
    "d(x + y)/dt = 1", "x(1) = 1", "x(0) = 1", "x() = 1", "x.y = 1", "x[0] = 1", "x, y = 1, 2",
    "exp = 1", "t = 1", "lambda = 1", "d(t)/dt = 1", "__x = 1", "x = 1\nx = 2",
    "x = 1\nd(x)/dt = 1", "d(x)/dt = 1\nd(x)/dt = 2", "x += 1", "x := 1", "x = y = 1",
    "x = 1 = 2", "x = 'a'", "x = f'{y}'", "class x = 1", "def x(): 1", "x = lambda: 1",
    "x = 1;;; y", ("x = 1 +\n" * 10_000), "\n".join(f"x{i} = 9^9^9" for i in range(5000)),
    "\n".join(f"x{i} = (" for i in range(20_000)), "x = " + "(" * 150_000, "x = 1\n" * 30_000,
    "(\n" * 90_000, "x = (\n" * 20_000, "(=\n" * 40_000, "x" * 300_000, "\u0445 = 1", "x = 1\x00",
    "a = (1\n" + "b\n" * 15_000 + ")", "d(" * 20_000, "d(x)/dt = " + "-" * 19_000 + "x",
    "balance = 1", "if = 1", "1 = 1", "x = 1 if", "f(x) = x", "d2(x)/dt2 = 1",
]  # fmt: skip
