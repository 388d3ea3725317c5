"""nginx and php-fpm with `soap.php`, until SIGTERM: `serve.py --port N --folder F`."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORKERS = 2
NGINX = """
daemon off;
{user}
worker_processes {workers};
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 512; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    fastcgi_temp_path {folder}/fastcgi;
    proxy_temp_path {folder}/proxy;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            fastcgi_pass unix:{folder}/php.sock;
            fastcgi_param SCRIPT_FILENAME {script};
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param HTTP_SOAPACTION $http_soapaction;
        }}
    }}
}}
"""
FPM = """
[global]
error_log = /proc/self/fd/2
daemonize = no
[www]
{user}
listen = {folder}/php.sock
listen.backlog = 511
pm = static
pm.max_children = {workers}
clear_env = no
php_admin_value[opcache.enable] = 1
php_admin_value[soap.wsdl_cache_enabled] = 1
php_admin_value[soap.wsdl_cache] = 3
php_admin_value[soap.wsdl_cache_dir] = {folder}
php_admin_value[soap.wsdl_cache_ttl] = 86400
"""


def program(*names: str) -> str:
    """The path of the first of these that is there; exits if none is."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    sys.exit(f"none of these programs is there: {', '.join(names)}")


def fpm_names() -> list[str]:
    """What php-fpm may be called."""
    return ["php-fpm", *(path.name for path in sorted(Path("/usr/sbin").glob("php-fpm*")))]


def stop(children: list[subprocess.Popen[bytes]], *_: object) -> None:
    """Ask all to end."""
    for child in children:
        child.terminate()


def main() -> None:
    """Write both configurations, run both, stop both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    folder = options.folder.resolve()
    root = os.geteuid() == 0
    values = {"folder": folder, "workers": WORKERS, "port": options.port}
    (folder / "nginx.conf").write_text(
        NGINX.format(script=HERE / "soap.php", user="user root;" if root else "", **values)
    )
    (folder / "fpm.conf").write_text(
        FPM.format(user="user = root\ngroup = root" if root else "", **values)
    )
    fpm = [program(*fpm_names()), "--nodaemonize", "--fpm-config", str(folder / "fpm.conf")]
    nginx = [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    children = [
        subprocess.Popen([*fpm, *(["--allow-to-run-as-root"] if root else [])]),
        subprocess.Popen(nginx),
    ]
    signal.signal(signal.SIGTERM, partial(stop, children))
    for child in children:
        child.wait()


if __name__ == "__main__":
    main()
