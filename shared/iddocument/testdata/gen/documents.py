"""Writes the test vectors of shared/iddocument: numbers with an oracle's verdict.

    python -m venv venv && venv/bin/pip install -r shared/iddocument/testdata/gen/requirements.txt
    venv/bin/python shared/iddocument/testdata/gen/documents.py shared/iddocument/testdata

The oracle is python-stdnum, which is run and not copied. Where it has no such
type, a second implementation of the formula stands below and the file says so.
Numbers are random from a fixed seed: a valid one is a random body whose check
digit the oracle was asked for; the others are made from it by a flipped
character, a transposition, a character more or fewer, another beginning. The
label is what the oracle says of the very number. Everything is synthetic.
"""

import random
import re
import string
import sys
from pathlib import Path

import stdnum
from stdnum.ar import cuit, dni
from stdnum.br import cnpj, cpf
from stdnum.cl import rut as cl_rut
from stdnum.co import nit
from stdnum.do import cedula, rnc
from stdnum.ec import ci as ec_ci
from stdnum.ec import ruc as ec_ruc
from stdnum.mx import curp, rfc
from stdnum.pe import cui
from stdnum.pe import ruc as pe_ruc
from stdnum.py import ruc as py_ruc
from stdnum.uy import rut as uy_rut
from stdnum.ve import rif

SEED = 20261122
EACH = 250  # valid and invalid numbers a type, at least
D, L = string.digits, string.ascii_uppercase
LD = D + L


def some(alphabet, n):
    return "".join(random.choice(alphabet) for _ in range(n))


def day():
    return f"{random.randint(0, 99):02}{random.randint(1, 12):02}{random.randint(1, 28):02}"


# Verdicts.

def by(module):
    """The oracle's own verdict."""
    return lambda number: "valid" if module.is_valid(number) else "invalid"


def rfc_verdict(number):
    """The oracle leaves the last three characters out unless told to look at them."""
    if rfc.is_valid(number, validate_check_digits=True):
        return "valid"
    return "unchecked" if rfc.is_valid(number) else "invalid"


def cui_verdict(number):
    """Eight characters have no check digit that the oracle could look at."""
    if not cui.is_valid(number):
        return "invalid"
    return "unchecked" if len(number) == 8 else "valid"


def dni_verdict(number):
    return "unchecked" if dni.is_valid(number) else "invalid"


def ci_uy_verdict(number):
    """Digit i, times the i-th of 2987634, adds up to minus the last, modulo 10."""
    if not re.fullmatch(r"[0-9]{7,8}", number):
        return "invalid"
    padded = number.zfill(8)
    total = sum(int(a) * int(b) for a, b in zip(padded, "29876341"))
    return "invalid" if total % 10 else "valid"


def look(pattern):
    return lambda number: "unchecked" if re.fullmatch(pattern, number) else "invalid"


# Bodies. A "?" is a check character, for which every one is tried.

STATES = "AS BC BS CC CH CL CM CS DF DG GR GT HG JC MC MN MS NE NL NT OC PL QR QT SL SP SR TC TL TS VZ YN ZS".split()


def curp_body():
    return some(L, 1) + "X" + some(L, 2) + day() + random.choice("HM") + random.choice(STATES) + some(L, 3) + some(LD, 1) + "?"


def rfc_body():
    letters = L + "Ñ&"
    return some(letters, random.choice([3, 4])) + day() + some(LD, 2) + random.choice("???0")


def cnpj_body():
    return some(random.choice([D, LD]), 12) + "??"


def ec_ruc_body():
    province = f"{random.randint(1, 24):02}"
    kind = random.choice("0123456699")
    if kind == "6":
        return province + kind + some(D, 5) + "?" + "0001"
    return province + kind + some(D, 6) + "?" + f"{random.randint(1, 999):03}"


def generic(*prefixes, n=0, tail="?"):
    return lambda: random.choice(prefixes) + some(D, random.choice(n) if isinstance(n, range) else n) + tail


# type-country: verdict, body, characters of flips, hand-picked numbers, oracle's name
ORACLE = "python-stdnum " + stdnum.__version__
TYPES = {
    "RUT-CHL": (by(cl_rut), generic("", n=range(7, 9)), D + "K", "123125 176040114 186040114 77123126K 77723128K 111111111 123456785 760000000 10000013K 19 00000000 000000000 012345674", ORACLE + " cl.rut"),
    "RFC-MEX": (rfc_verdict, rfc_body, LD, "AAA010101AA1 EKU9003173C9 ABC680524P73 XAXX010101000 XEXX010101000 ABC000229AB1 ABC010229AB1 ABCD900101", ORACLE + " mx.rfc"),
    "CURP-MEX": (by(curp), curp_body, LD, "XEXX010101HNEXXXA4 AAAA000101HDFXXXA5 XAXX900101HDFXXX03 XEXX010101HNEXXXA5 XEXX000229HNEXXX09 XEXX000229HNEXXXA9 " + " ".join(b + curp.calc_check_digit(b) for b in ("XEXX010101XNEXXXA", "AAAA900101XDFXXX0")), ORACLE + " mx.curp"),
    "NIT-COL": (by(nit), generic("", n=range(7, 16)), D, "9000000005 8000000011 8600000000 9000000004 00000000", ORACLE + " co.nit"),
    "DNI-PER": (cui_verdict, generic("", n=8, tail="?"), LD, "12345678 123456781 12345678E 000000014 00000000", ORACLE + " pe.cui"),
    "RUC-PER": (by(pe_ruc), generic("10", "15", "17", "20", n=8), D, "20100000009 20123456786 10123456781 20100000008", ORACLE + " pe.ruc"),
    "CUIT-ARG": (by(cuit), generic("20", "23", "24", "27", "30", "33", "34", "50", "51", "55", n=8), D, "20111111112 27111111117 30700000008 20111111113", ORACLE + " ar.cuit"),
    "CPF-BRA": (by(cpf), generic("", n=9, tail="??"), D, "11144477735 12345678909 52998224725 00000000000 11111111111 99999999999", ORACLE + " br.cpf"),
    "CNPJ-BRA": (by(cnpj), cnpj_body, LD, "11222333000181 12345678000195 12ABC34501DE35 00000000000000 00000000000191", ORACLE + " br.cnpj"),
    "CI-ECU": (by(ec_ci), generic(*[f"{p:02}{t}" for p in [*range(1, 25), 30, 50] for t in range(7)], n=6), D, "1700000001 1712345675 0912345675 2500000001", ORACLE + " ec.ci"),
    "RUC-ECU": (by(ec_ruc), ec_ruc_body, D, "1790000001001 1791234561001 1712345675001 1712345675000 1790000001000", ORACLE + " ec.ruc"),
    "RUT-URY": (by(uy_rut), lambda: f"{random.randint(1, 22):02}" + some(D, 6) + "001?", D, "210000010014 211234560019 219999990016 230000010014 210000000018", ORACLE + " uy.rut"),
    "RUC-PRY": (by(py_ruc), generic("", n=range(4, 9)), D, "800000013 800123450 12345679 19 00", ORACLE + " py.ruc"),
    "RIF-VEN": (by(rif), generic(*"VEJPG", n=8), LD, "V000000015 J000000018 J312345675 C312345675", ORACLE + " ve.rif"),
    "CEDULA-DOM": (by(cedula), generic("", n=10), D, "00100000009 40212345678 00112345673 00000000000", ORACLE + " do.cedula"),
    "RNC-DOM": (by(rnc), generic("1", "4", "5", n=7), D, "101000007 130123454 401000008 " + " ".join(sorted(rnc.whitelist)[:3]), ORACLE + " do.rnc"),
    "CI-URY": (ci_uy_verdict, generic("", n=range(6, 8)), D, "11111111 12345672 40000002 11111112", "none: the formula a second time, in the script"),
    "DNI-ARG": (dni_verdict, generic("", n=range(7, 9), tail=""), D, "12345678 20123456 1234567", ORACLE + " ar.dni"),
    "CED_CIU-COL": (look("[0-9]{5,12}"), generic("", n=range(5, 13), tail=""), D, "1020304050 12345678 99999999", "none: the syntax a second time, in the script"),
    "CED_EXT-COL": (look("[0-9]{6,12}"), generic("", n=range(6, 13), tail=""), D, "123456 654321 1234567", "none: the syntax a second time, in the script"),
    "CE-PER": (look("[0-9]{9}"), generic("", n=9, tail=""), D, "123456789 001234567 000000001", "none: the syntax a second time, in the script"),
    "PASSPORT": (look("[A-Z0-9]{5,20}"), lambda: some(LD, random.randint(5, 20)), LD, "A1234567 FR1234567 X12345678", "none: the syntax a second time, in the script"),
}
TYPES["CUIL-ARG"] = TYPES["CUIT-ARG"]


def solved(body, verdict, alphabet):
    """A body with the check characters that the oracle takes, if there are any."""
    numbers = [body]
    while "?" in numbers[0]:
        numbers = [n.replace("?", c, 1) for n in numbers for c in alphabet]
    good = [n for n in numbers if verdict(n) != "invalid"]
    best = [n for n in good if verdict(n) == "valid"] or good
    return random.choice(best) if best else None


def broken(number, alphabet):
    """The number with one thing wrong, as people and programs make it wrong."""
    i = random.randrange(len(number))
    j = random.randrange(len(number) - 1)
    return random.choice([
        number[:i] + random.choice(alphabet) + number[i + 1:],
        number[:i] + random.choice(alphabet) + number[i + 1:],
        number[:-1] + random.choice(alphabet),
        number[:j] + number[j + 1] + number[j] + number[j + 2:],
        number[:i] + number[i + 1:],
        number[:i] + random.choice(alphabet) + number[i:],
        some(alphabet, 2) + number[2:],
        number[:i] + random.choice(LD + "_*") + number[i + 1:],
    ])


def inconvenient(module, rest):
    """Numbers that are right but for a word that the registry is to avoid."""
    for word in ("CACA", "LOCO", "PEDO"):
        yield word + rest + module.calc_check_digit(word + rest)


def vectors(name):
    verdict, body, alphabet, picked, _ = TYPES[name]
    random.seed(f"{SEED} {name}")
    rows = {n: verdict(n) for n in picked.split()}
    if name == "CURP-MEX":
        rows |= {n: verdict(n) for n in inconvenient(curp, "900101HDFXXX0")}
    if name == "RFC-MEX":
        rows |= {n: verdict(n) for n in inconvenient(rfc, "900101A1")}
    good = [n for n in rows if rows[n] != "invalid"]
    wanted = "valid" if "?" in "".join(body() for _ in range(9)) else "unchecked"
    while sum(rows[n] == wanted for n in good) < EACH:
        number = solved(body(), verdict, alphabet)
        if number and number not in rows:
            rows[number] = verdict(number)
            good.append(number)
    while sum(v == "invalid" for v in rows.values()) < EACH:
        number = broken(random.choice(good), alphabet)
        if verdict(number) != "unchecked" or wanted == "valid":
            rows.setdefault(number, verdict(number))
    return rows


def main(folder):
    for name in TYPES:
        rows = vectors(name)
        counts = {v: list(rows.values()).count(v) for v in ("valid", "unchecked", "invalid")}
        with open(Path(folder) / f"{name.lower()}.txt", "w", encoding="utf-8", newline="\n") as f:
            print("# Code generated by testdata/gen/documents.py; DO NOT EDIT.", file=f)
            print(f"# oracle: {TYPES[name][4]}", file=f)
            print(f"# seed: {SEED}; " + ", ".join(f"{n} {v}" for v, n in counts.items()), file=f)
            for number, verdict in rows.items():
                print(number, verdict, file=f)
        print(name, counts)


if __name__ == "__main__":
    main(sys.argv[1])
