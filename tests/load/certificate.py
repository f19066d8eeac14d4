# The certificate that all servers of a comparison share: self-signed, P-256, for localhost.
import os
import subprocess


def make_certificate(work):
    certificate, key = f"{work}/certificate.pem", f"{work}/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    os.chmod(key, 0o600)
    return certificate, key
