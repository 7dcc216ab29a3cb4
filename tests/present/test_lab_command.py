"""`salesops lab` opens JupyterLab on the workbook, says where, and says what is wrong."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SALESOPS = Path(sys.executable).with_name("salesops")


def lab(*words, cwd="/"):
    return subprocess.run([SALESOPS, "lab", *words], cwd=cwd, capture_output=True, text=True, timeout=60)


@pytest.fixture
def book(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "workbook.yml").write_text("company: Mine\ncurrency: USD\n")
    return tmp_path


def test_it_opens_on_the_notebooks_with_this_kernel_and_ends_when_told(book):
    with subprocess.Popen(
        [SALESOPS, "lab", str(book / "notebooks"), "--no-browser"], stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            said = "".join(running.stdout.readline() for _ in range(2))
            assert str(book) in said
            url = re.search(r"http://localhost:\d+/lab/tree/notebooks\?token=\S+", said)[0]
            base, token = url.split("/lab")[0], url.split("token=")[1]

            def asked(path):
                request = urllib.request.Request(base + path, headers={"Authorization": f"token {token}"})
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return answer.read().decode()

            assert "notebooks" in asked("/api/contents")
            news = json.loads(asked("/lab/api/settings/@jupyterlab/apputils-extension:notification"))
            assert news["schema"]["properties"]["fetchNews"]["default"] == "false", "no network is asked"
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(base + "/api/contents", timeout=20)
        finally:
            running.send_signal(signal.SIGTERM)
            assert running.wait(30) == 0


def test_a_port_that_is_taken_is_named(book):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = lab(str(book), "--port", str(port), "--no-browser")
    assert ran.returncode == 1
    assert ran.stderr == f"error: Port {port} is taken. Choose another with --port, or leave it out.\n"


def test_what_is_no_workbook_is_said(tmp_path):
    ran = lab(str(tmp_path / "nowhere"))
    assert (ran.returncode, ran.stderr.startswith("error: There is no folder")) == (1, True)
    ran = lab(cwd=os.sep)
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: No workbook.yml was found in .")
