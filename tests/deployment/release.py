"""Tests the files that .ci/dist wrote, as a user without Rust has them: unpacks them, validates and packages the template, and invokes each
function from its zip file with AWS's Lambda runtime interface emulator and the shipped command line's simulator.

    python release.py FOLDER

The emulator is part of the AWS SAM CLI and needs no Docker. Only the architecture of this machine is run.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import zipfile

import samcli.local.rapid
import yaml

from local import CREDENTIALS, Ledger, client, free_port, items
from templates import REGION, ROOT, Loader

ARCH = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
TRIPLE = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}[ARCH]
EMULATOR = pathlib.Path(samcli.local.rapid.__path__[0]) / f"aws-lambda-rie-{ARCH}"
FUNCTIONS = sorted(path.name for path in (ROOT / "functions").iterdir())
VERSION = re.search(r'\[workspace\.package\]\nversion = "([^"]+)"', (ROOT / "Cargo.toml").read_text())[1]


def packer(epoch):
    """The module .ci/dist.py, with this time for its archives."""
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    spec = importlib.util.spec_from_file_location("dist", ROOT / ".ci/dist.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def checksums(ledger, folder):
    sums = dict(reversed(line.split("  ", 1)) for line in (folder / "SHA256SUMS").read_text().splitlines())
    files = {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    ledger.check("the files in SHA256SUMS", set(sums), files)
    for name, expected in sums.items():
        ledger.check(f"the checksum of {name}", hashlib.sha256((folder / name).read_bytes()).hexdigest(), expected)


def unpack(ledger, archive, target):
    """The folder of an archive, after packing its content again, which must give the same bytes."""
    with tarfile.open(archive) as packed:
        members = packed.getmembers()
        packed.extractall(target, filter="data")
        contents = {each.name: (packed.extractfile(each).read(), each.mode) for each in members}
    name = archive.name.removesuffix(".tar.gz")
    ledger.check(f"every path of {name}", [each for each in contents if not each.startswith(f"{name}/")], [])
    ledger.check(f"one time in {name}", len({each.mtime for each in members}), 1)
    again = target / archive.name
    packer(members[0].mtime).write_archive(again, {path.removeprefix(f"{name}/"): each for path, each in contents.items()})
    ledger.check(f"{name} packed again", again.read_bytes() == archive.read_bytes(), True)
    again.unlink()
    return target / name


def sboms(ledger, folder):
    """Every artifact has an SBOM with what it links, and without what only other artifacts link."""
    for path in sorted(folder.glob("*.cdx.json")):
        bom = json.loads(path.read_text())
        ledger.check(f"{path.name} is CycloneDX", (bom["bomFormat"], bom["specVersion"]), ("CycloneDX", "1.5"))
        package = bom["metadata"]["component"]["name"]
        ledger.check(f"the package of {path.name}", path.name.startswith(f"{package}-"), True)
        names = {each["name"] for each in bom["components"]}
        source = package.removesuffix("-insights")
        sdks = {f"aws-sdk-{each}" for each in (source, "dynamodb", "sts")} if package != "insights" else {"aws-sdk-dynamodb"}
        ledger.check(f"the SDKs in {path.name}", sdks - names, set())
        if package != "insights":
            ledger.check(f"other SDKs in {path.name}", {name for name in names if name.startswith("aws-sdk-")} - sdks, set())
        ledger.check(f"tests in {path.name}", names & {"insights-tests", "proptest"}, set())
        without = [each["name"] for each in bom["components"] if not each.get("purl") or not each.get("licenses")]
        ledger.check(f"components of {path.name} without address or licence", without, [])
    artifacts = {path.name.removesuffix(ending) for ending in (".zip",) for path in folder.glob(f"*{ending}")}
    artifacts |= {path.name.removesuffix(".tar.gz") for path in folder.glob("insights-[0-9]*.tar.gz")}
    described = {path.name.removesuffix(".cdx.json") for path in folder.glob("*.cdx.json")}
    ledger.check("every function and command line has an SBOM", described, artifacts)


def environment(tools):
    """The variables of a process that has the tools of SAM, but no cargo."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CARGO", "RUST"))}
    variables |= CREDENTIALS | {
        "PATH": f"{tools}:/usr/bin:/bin", "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "SAM_CLI_TELEMETRY": "0",
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
    }
    return variables


@contextlib.contextmanager
def process(command, address, **options):
    """A running server, from when it answers HTTP."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(address, timeout=2)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                assert running.poll() is None, f"{command} ended with {running.returncode}"
                time.sleep(0.1)
        yield
    finally:
        running.kill()
        running.wait()


def template(ledger, folder, tools):
    """The template is valid, and `sam package` uploads the zip files of the release as they are."""
    variables = environment(tools)
    ledger.check("cargo on the path", shutil.which("cargo", path=variables["PATH"]), None)
    text = (folder / "template.yaml").read_text()
    ledger.check("nothing is built", "BuildMethod" in text, False)
    valid = subprocess.run(["sam", "validate", "--lint"], cwd=folder, env=variables, capture_output=True, text=True)
    ledger.check(f"sam validate: {valid.stdout}{valid.stderr}", valid.returncode, 0)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with process([tools / "moto_server", "-p", str(port)], url, env=variables):
        s3 = client("s3", url)
        s3.create_bucket(Bucket="releases", CreateBucketConfiguration={"LocationConstraint": REGION})
        command = ["sam", "package", "--s3-bucket", "releases", "--output-template-file", "packaged.yaml"]
        packaged = subprocess.run(command, cwd=folder, env=variables | {"AWS_ENDPOINT_URL": url}, capture_output=True, text=True)
        ledger.check(f"sam package: {packaged.stderr[-2000:]}", packaged.returncode, 0)
        resources = yaml.load((folder / "packaged.yaml").read_text(), Loader)["Resources"]
        stored = {}
        for name, each in resources.items():
            if each["Type"] == "AWS::Serverless::Function":
                key = each["Properties"]["CodeUri"].removeprefix("s3://releases/")
                stored[name] = s3.get_object(Bucket="releases", Key=key)["Body"].read()
            if each["Type"] == "AWS::CloudFormation::Stack":
                ledger.check(f"{name} is uploaded", each["Properties"]["TemplateURL"].startswith("http"), True)
        zips = sorted(path.read_bytes() for path in (folder / "functions").iterdir())
        ledger.check("the uploaded functions are those of the release", sorted(stored.values()) == zips, True)


def invoke(port, event):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", event)
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.loads(answer.read())


def functions(ledger, folder, command, scratch):
    """Every function runs from its zip file."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    simulate = [command, "simulate", "--port", str(port), "--table", "insights"]
    with process(simulate, url, env=environment(scratch)):
        for name in FUNCTIONS:
            path = folder / "functions" / f"{name}.zip"
            with zipfile.ZipFile(path) as archive:
                (entry,) = archive.infolist()
                ledger.check(f"the file in {path.name}", (entry.filename, entry.external_attr >> 16), ("bootstrap", 0o100755))
                binary = scratch / name / "bootstrap"
                binary.parent.mkdir()
                binary.write_bytes(archive.read(entry))
                binary.chmod(0o755)
            epoch = int(time.mktime((*entry.date_time, 0, 0, 0))) - time.timezone
            ledger.check(f"{name} packed again", packer(epoch).function_zip(binary) == path.read_bytes(), True)
            emulator, runtime = free_port(), free_port()
            arguments = [EMULATOR, "--runtime-interface-emulator-address", f"127.0.0.1:{emulator}",
                         "--runtime-api-address", f"127.0.0.1:{runtime}", binary]
            variables = environment(scratch) | {
                "AWS_ENDPOINT_URL": url, "AWS_ENDPOINT_URL_STS": url, "TABLE_NAME": "insights",
                "RATE_LIMITS": '{"default":0,"LookupEvents":0,"ListInsightsData":0}',
            }
            with process(arguments, f"http://127.0.0.1:{emulator}", env=variables, cwd=binary.parent):
                event = (ROOT / f"events/{name}--scheduled-by-scheduler.json").read_bytes()
                answer = invoke(emulator, event)
            ledger.check(f"{name} answers {json.dumps(answer)[:500]}", (answer.get("status") in ("ok", "partial"), answer.get("failed")), (True, 0))
            ledger.check(f"{name} stores", answer.get("written", 0) > 0, True)
        kinds = {item["kind"] for item in items(url)}
        ledger.check("the table has records of every function", {kind.split(".")[0] for kind in kinds} >= {name.split("-")[0] for name in FUNCTIONS}, True)


def command_line(ledger, folder):
    """The command line starts, and has its completions, man pages and requirements."""
    shown = subprocess.run([folder / "insights", "--version"], capture_output=True, text=True).stdout
    ledger.check("the version", shown, f"insights {VERSION}\n")
    ledger.check("the mode", (folder / "insights").stat().st_mode & 0o777, 0o755)
    ledger.check("the libc is stated", re.findall(r"glibc (\d+\.\d+)", (folder / "README.md").read_text()) != [], True)
    names = sorted(path.name for path in (folder / "completions").iterdir())
    ledger.check("completions", names, ["_insights", "insights.bash", "insights.fish"])
    pages = {path.name: path.read_text() for path in (folder / "man/man1").iterdir()}
    ledger.check("man pages", {"insights.1", "insights-list.1", "insights-collect.1"} <= set(pages), True)
    ledger.check("the version in a man page", VERSION in pages["insights.1"], True)


def main(folder):
    ledger = Ledger()
    checksums(ledger, folder)
    sboms(ledger, folder)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        tools = scratch / "tools"
        tools.mkdir()
        for name in ("sam", "moto_server"):
            (tools / name).symlink_to(pathlib.Path(sys.executable).parent / name)
        deployment = unpack(ledger, folder / f"insights-aggregator-{VERSION}-{ARCH}.tar.gz", scratch)
        program = unpack(ledger, folder / f"insights-{VERSION}-{TRIPLE}.tar.gz", scratch)
        command_line(ledger, program)
        template(ledger, deployment, tools)
        functions(ledger, deployment, program / "insights", scratch)
        for name in FUNCTIONS:
            same = (folder / f"{name}-{VERSION}-{ARCH}.zip").read_bytes() == (deployment / "functions" / f"{name}.zip").read_bytes()
            ledger.check(f"the zip file of {name} alone and with the template", same, True)
    ledger.finish("release")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
