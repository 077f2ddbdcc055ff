#!/usr/bin/env bash
# Runs in the cluster, in an image with MySQL's client: gives the two users what they need, takes the rest, and has them
# come by TLS only. A user who has just that is left alone, as there is a moment without any privilege between the two
# statements.
set -euo pipefail

# query STATEMENTS: runs them. Without a mode of its own, as a managed server's (ANSI) quotes the names in SHOW GRANTS
# otherwise.
query() {
  mysql --host "$HOST" --port "$PORT" --user "$ADMIN_USER" --ssl-mode VERIFY_IDENTITY --ssl-ca /admin/ca.crt \
    --connect-timeout 10 --init-command "SET sql_mode = ''" --batch --skip-column-names --execute "$1"
}

# narrow USER PRIVILEGES: as the server lists them, in its order
narrow() {
  local expected
  query "ALTER USER '$1'@'%' REQUIRE SSL" # on a server that would let them in without
  # shellcheck disable=SC2016  # MySQL's quotes
  printf -v expected 'GRANT USAGE ON *.* TO `%s`@`%%`\nGRANT %s ON `%s`.* TO `%s`@`%%`' "$1" "$2" "$DATABASE" "$1"
  if [ "$(query "SHOW GRANTS FOR '$1'@'%'")" = "$expected" ]; then
    echo "user $1: unchanged"
  else
    query "REVOKE ALL PRIVILEGES, GRANT OPTION FROM '$1'@'%'; GRANT $2 ON \`$DATABASE\`.* TO '$1'@'%'"
    echo "user $1: has $2, on $DATABASE only"
  fi
}

narrow "$APP_USER" "SELECT, INSERT, UPDATE, DELETE"
# The lock that keeps two migrations apart (GET_LOCK), and the limits of waits, need none.
narrow "$MIGRATIONS_USER" "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER"
