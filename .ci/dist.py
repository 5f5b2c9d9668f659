"""Packs the built files of a release into archives with fixed times, owners and order.

    python dist.py VERSION BUILT HOST OUT

BUILT has a folder for each architecture, with bin/ (the functions and, if it was built, the command line) and sbom/. .ci/dist calls this
script.
"""

import gzip
import io
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])
LICENSES = ("LICENSE-APACHE", "LICENSE-MIT")
TRIPLES = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}
SHELLS = {"bash": "insights.bash", "zsh": "_insights", "fish": "insights.fish"}


def function_zip(binary):
    """The deployment package of a function: its binary as `bootstrap`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        entry = zipfile.ZipInfo("bootstrap", time.gmtime(EPOCH)[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system = 3  # Unix, so that the permissions count
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, binary.read_bytes(), compresslevel=9)
    return packed.getvalue()


def write_archive(path, files):
    """A .tar.gz of files, by their paths in it; each a text, bytes, or bytes and a mode."""
    folder = path.name.removesuffix(".tar.gz")
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, EPOCH) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name in sorted(files):
                content, mode = files[name] if isinstance(files[name], tuple) else (files[name], 0o644)
                content = content.encode() if isinstance(content, str) else content
                entry = tarfile.TarInfo(f"{folder}/{name}")
                entry.size, entry.mode, entry.mtime = len(content), mode, EPOCH
                archive.addfile(entry, io.BytesIO(content))


def released_template(text, arch):
    """template.yaml with the functions' zip files in place of their folders, for one architecture."""
    text, builds = re.subn(r"\n    Metadata:\n      BuildMethod: .*\n      BuildProperties:\n        Binary: .*", "", text)
    comment = r"\n      # The folder of the package[^\n]*(?:\n      #[^\n]*)*"
    text = re.sub(comment, "", text)
    text, codes = re.subn(r"\n      CodeUri: (functions/[a-z-]+)\n", r"\n      CodeUri: \1.zip\n", text)
    parameter = "  Architecture:\n    Type: String\n    Default: arm64\n    AllowedValues: [arm64, x86_64]\n"
    assert text.count(parameter) == 1, "template.yaml has another parameter Architecture"
    # A pattern, because cfn-lint rejects conditions that one allowed value decides.
    only = f"  Architecture:\n    Type: String\n    Default: {arch}\n    AllowedPattern: ^{arch}$\n"
    text = text.replace(parameter, f"{only}    ConstraintDescription: {arch}, for which these functions are built\n")
    functions = len(list((ROOT / "functions").iterdir()))
    assert builds == codes == functions, f"{functions} functions, {builds} builds, {codes} folders"
    return text


def released_settings(text):
    """samconfig.toml without the settings of `sam build`."""
    kept = re.sub(r"\n(?:#[^\n]*\n)*\[default\.build\.parameters\]\n.*?(?=\n\[)", "", text, flags=re.S)
    assert "build" not in kept.split("[default", 1)[1]
    return kept


def lambda_files(version, arch, built):
    files = {
        "template.yaml": released_template((ROOT / "template.yaml").read_text(), arch),
        "samconfig.toml": released_settings((ROOT / "samconfig.toml").read_text()),
        "README.md": f"""# Insights Aggregator {version}: the functions for {arch}

Deploy with the AWS SAM CLI in this folder:

```sh
sam deploy --guided
```

`functions/` has the deployment package of each function, `deploy/` the other templates, and `docs/` the documentation. The
architecture of the functions is {arch}.
""",
    }
    for path in [*(ROOT / "deploy").glob("*.yaml"), *(ROOT / "docs").iterdir(), *map(ROOT.joinpath, LICENSES), ROOT / "CHANGELOG.md"]:
        files[str(path.relative_to(ROOT))] = path.read_bytes()
    for binary in sorted((built / "bin").iterdir()):
        if binary.name != "insights":
            files[f"functions/{binary.name}.zip"] = function_zip(binary)
    return files


def libc(binary):
    """The newest version of glibc whose symbols a binary uses."""
    versions = re.findall(rb"GLIBC_(\d+)\.(\d+)", binary)
    return ".".join(map(str, max((int(major), int(minor)) for major, minor in versions)))


def pages(command):
    """Completions and man pages, written by a command line."""
    files = {}
    for shell, name in SHELLS.items():
        files[f"completions/{name}"] = subprocess.run([command, "completions", shell], check=True, stdout=subprocess.PIPE).stdout
    folder = command.parent.parent / "man"
    subprocess.run([command, "man", "--dir", folder], check=True, stdout=subprocess.DEVNULL)
    for page in sorted(folder.iterdir()):
        files[f"man/man1/{page.name}"] = page.read_bytes()
    return files


def main():
    version, built, host, out = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], pathlib.Path(sys.argv[4])
    texts = pages(built / host / "bin" / "insights")
    for arch, triple in TRIPLES.items():
        folder = built / arch
        if not folder.is_dir():
            continue
        write_archive(out / f"insights-aggregator-{version}-{arch}.tar.gz", lambda_files(version, arch, folder))
        for binary in sorted((folder / "bin").iterdir()):
            name = f"insights-{version}-{triple}" if binary.name == "insights" else f"{binary.name}-{version}-{arch}"
            (out / f"{name}.cdx.json").write_bytes((folder / "sbom" / f"{binary.name}.cdx.json").read_bytes())
            if binary.name != "insights":
                (out / f"{name}.zip").write_bytes(function_zip(binary))
                continue
            content = binary.read_bytes()
            newest = libc(content)
            files = {"insights": (content, 0o755), **texts}
            files |= {path: (ROOT / path).read_bytes() for path in (*LICENSES, "CHANGELOG.md")}
            files["README.md"] = f"""# insights {version} for {triple}

The command line of Insights Aggregator. It needs Linux with glibc {newest} or newer (`ldd --version` prints the version), and no
other library.

```sh
install -m 755 insights /usr/local/bin/
install -m 644 man/man1/*.1 /usr/local/share/man/man1/
install -m 644 completions/insights.bash /usr/share/bash-completion/completions/insights
insights demo
```
"""
            write_archive(out / f"{name}.tar.gz", files)
            print(f"{triple}: the command line needs glibc {newest}")


if __name__ == "__main__":
    main()
