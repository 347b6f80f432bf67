"""Writes an SPDX 2.3 document and a list of licences of an image: sbom.py ROOT REPOSITORY OUT."""
import datetime
import hashlib
import json
import os
import re
import sys

PROJECTS = ("src/GatewayOS.Daemon", "src/GatewayOS.Cli")


def debian(root):
    """The packages of dpkg's status, by name."""
    with open(os.path.join(root, "var/lib/dpkg/status"), encoding="utf-8") as status:
        for block in status.read().split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", block, re.M))
            if fields.get("Status") == "install ok installed":
                source = fields.get("Source", fields["Package"]).split(" ")[0]
                yield fields["Package"], fields["Version"], fields["Architecture"], source


def licences(root, package):
    """Short names that a package's copyright file gives; those that are not in the machine-readable form have none."""
    path = os.path.join(root, "usr/share/doc", package, "copyright")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", errors="replace") as file:
        names = {name.strip() for name in re.findall(r"^License: *(\S.*)$", file.read(), re.M)}
    return sorted(names)


def nuget(repository):
    """The packages that the programs are built with, as NuGet resolved them."""
    found = set()
    for project in PROJECTS:
        path = os.path.join(repository, project, "obj/project.assets.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                assets = json.load(file)
            found |= {tuple(name.split("/")) for name, library in assets["libraries"].items() if library["type"] == "package"}
    return sorted(found)


def nuspec_licence(name, version):
    """The licence expression of a NuGet package of this machine's cache."""
    cache = os.environ.get("NUGET_PACKAGES", os.path.expanduser("~/.nuget/packages"))
    path = os.path.join(cache, name.lower(), version, name.lower() + ".nuspec")
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        match = re.search(r'<license type="expression">([^<]*)<', file.read())
    return match.group(1) if match else ""


def main():
    root, repository, out = sys.argv[1:4]
    created = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    packages, lines = [], []

    def add(name, version, purl, declared):
        identity = "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", purl)
        packages.append({
            "SPDXID": identity, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}],
        })
        lines.append(f"{name} {version}: {', '.join(declared) if declared else 'see its copyright file'}")

    for name, version, architecture, source in sorted(debian(root)):
        add(name, version, f"pkg:deb/debian/{name}@{version}?arch={architecture}&upstream={source}", licences(root, name))
    for name, version in nuget(repository):
        licence = nuspec_licence(name, version)
        add(name, version, f"pkg:nuget/{name}@{version}", [licence] if licence else [])

    title = os.path.basename(out)
    digest = hashlib.sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": title,
        "documentNamespace": f"urn:gatewayos:spdx:{title}:{digest}",
        "creationInfo": {"created": created, "creators": ["Tool: image/make/sbom.py"]},
        "packages": packages,
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": package["SPDXID"]} for package in packages],
    }
    with open(out + ".spdx.json", "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
    with open(out + ".licences.txt", "w", encoding="utf-8") as file:
        file.write("Debian packages carry their whole licence texts in the image: /usr/share/doc/PACKAGE/copyright.\n\n" + "\n".join(lines) + "\n")


main()
