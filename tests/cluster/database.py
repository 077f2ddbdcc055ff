"""MySQL in the cluster, beside the app, configured as a managed one; can be stopped and started."""

import base64

import trustme

from tests.cluster.cluster import Namespace, Object

PORT = 25060  # as DigitalOcean's; the server itself listens on it, as NetworkPolicies see the port behind a Service
SQL_MODE = "ANSI,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_ZERO_DATE,NO_ZERO_IN_DATE,STRICT_ALL_TABLES"
# The server runs until it is shut down, and again as soon as no test wants it stopped.
RUN = f"""
while :; do
  docker-entrypoint.sh mysqld --performance-schema=OFF --pid-file=/var/lib/mysql/mysqld.pid --port={PORT} \\
    --ssl-ca=/tls/ca.crt --ssl-cert=/tls/tls.crt --ssl-key=/tls/tls.key --require-secure-transport=ON \\
    --sql-require-primary-key=ON --partial-revokes=ON --sql-mode={SQL_MODE}
  while [ -e /var/lib/mysql-control/stop ]; do sleep 0.1; done
done
"""
URL = f"mysql+pymysql://{{user}}:tell-nobody@mysql:{PORT}/app?ssl_ca=/etc/mysql-ca/ca.crt"
# An administrator of a managed server: no SUPER, no SYSTEM_USER, and MySQL's own databases only to read.
# New users have the same rights. https://docs.digitalocean.com/products/databases/mysql/how-to/modify-user-privileges/
ADMINISTRATOR = """
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES,
  CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER,
  EVENT, TRIGGER, CREATE ROLE, DROP ROLE ON *.* TO {user} WITH GRANT OPTION;
REVOKE INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER ON mysql.* FROM {user};
REVOKE INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER ON sys.* FROM {user};
"""
USERS = f"""
SET GLOBAL partial_revokes = ON;
CREATE USER administrator IDENTIFIED BY 'administrator';
{ADMINISTRATOR.format(user="administrator")}
CREATE USER app IDENTIFIED BY 'tell-nobody';
GRANT SELECT, INSERT, UPDATE, DELETE ON app.* TO app;
CREATE USER migrations IDENTIFIED BY 'tell-nobody';
GRANT ALL ON app.* TO migrations;
"""


class Database:
    """MySQL with verified TLS, a user for the app that may not change the schema, and one that may."""

    def __init__(self, namespace: Namespace, image: str) -> None:
        self._namespace = namespace
        self._image = image
        self.host = f"mysql.{namespace.name}.svc"  # as pods of other namespaces reach it
        self.ca = b""

    def create(self) -> None:
        """Start MySQL, and write the Secret `app-mysql` that the chart refers to."""
        authority = trustme.CA()
        certificate = authority.issue_cert("mysql", self.host)
        self.ca = ca = authority.cert_pem.bytes()
        self._namespace.apply(
            secret("mysql-tls", {
                "ca.crt": ca,
                "tls.crt": certificate.cert_chain_pems[0].bytes(),
                "tls.key": certificate.private_key_pem.bytes(),
                "users.sql": USERS.encode(),
            }),
            secret("app-mysql", {
                "ca.crt": ca,
                "DATABASE_URL": URL.format(user="app").encode(),
                "MIGRATIONS_DATABASE_URL": URL.format(user="migrations").encode(),
            }),
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "mysql"},
             "spec": {"selector": {"app": "mysql"}, "ports": [{"port": PORT}]}},
            self._pod(),
        )  # fmt: skip
        self._namespace.kubectl("wait", "pod/mysql", "--for=condition=Ready", "--timeout=120s")

    def stop(self) -> None:
        """Shut MySQL down; it keeps its data."""
        self._do("touch /var/lib/mysql-control/stop && mysqladmin -uroot -proot shutdown")

    def start(self) -> None:
        """Start MySQL again, and wait until it answers."""
        self._do(
            "rm /var/lib/mysql-control/stop; until mysqladmin -uroot -proot ping >/dev/null 2>&1; do sleep 0.05; done"
        )

    def query(self, statement: str) -> str:
        """Return the output of a statement."""
        return self._do(f"mysql -uroot -proot -N app -e '{statement}'").strip()

    def _do(self, command: str) -> str:
        return self._namespace.kubectl("exec", "mysql", "--", "sh", "-c", command)

    def _pod(self) -> Object:
        mounts = {
            "data": "/var/lib/mysql", "run": "/var/run/mysqld", "tmp": "/tmp",  # noqa: S108  in its container
            "control": "/var/lib/mysql-control", "tls": "/tls",
        }  # fmt: skip
        empty = [{"name": name, "emptyDir": {}} for name in mounts if name != "tls"]
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "mysql", "labels": {"app": "mysql"}},
            "spec": {
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 1,
                "securityContext": {
                    "runAsNonRoot": True, "runAsUser": 999, "fsGroup": 999, "seccompProfile": {"type": "RuntimeDefault"}
                },
                "containers": [{
                    "name": "mysql",
                    "image": self._image,
                    "command": ["bash", "-c", RUN],
                    "env": [
                        {"name": "MYSQL_ROOT_PASSWORD", "value": "root"}, {"name": "MYSQL_DATABASE", "value": "app"}
                    ],
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                    # A managed database has machines of its own; this one keeps its share of a busy node.
                    "resources": {"requests": {"cpu": "200m", "memory": "512Mi"}},
                    "startupProbe": {
                        "exec": {"command": [
                            "mysql", "-h127.0.0.1", f"-P{PORT}", "-uapp", "-ptell-nobody", "-e", "SELECT 1",
                        ]},
                        "periodSeconds": 1, "timeoutSeconds": 10, "failureThreshold": 180,
                    },
                    "volumeMounts": [
                        *({"name": name, "mountPath": path} for name, path in mounts.items()),
                        {"name": "tls", "mountPath": "/docker-entrypoint-initdb.d/users.sql", "subPath": "users.sql"},
                    ],
                }],
                "volumes": [*empty, {"name": "tls", "secret": {"secretName": "mysql-tls", "defaultMode": 0o444}}],
            },
        }  # fmt: skip


def secret(name: str, data: dict[str, bytes]) -> Object:
    """Return a Secret."""
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded}
