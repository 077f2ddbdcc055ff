#!/usr/bin/env bash
# Runs in the cluster, in an image with MySQL's client. Sets the privileges of the two users, and requires TLS of them. Skips
# a user with exactly these privileges, as between the two statements a user has none.
set -euo pipefail

# query STATEMENTS: run them. Without sql_mode, as ANSI, a managed server's, changes the quotes in SHOW GRANTS.
query() {
  mysql --host "$HOST" --port "$PORT" --user "$ADMIN_USER" --ssl-mode VERIFY_IDENTITY --ssl-ca /admin/ca.crt \
    --connect-timeout 10 --init-command "SET sql_mode = ''" --batch --skip-column-names --execute "$1"
}

# restrict_privileges USER PRIVILEGES: the privileges in the order in which the server lists them
restrict_privileges() {
  local expected
  query "ALTER USER '$1'@'%' REQUIRE SSL" # a server may accept connections without TLS
  # shellcheck disable=SC2016  # MySQL's quotes
  printf -v expected 'GRANT USAGE ON *.* TO `%s`@`%%`\nGRANT %s ON `%s`.* TO `%s`@`%%`' "$1" "$2" "$DATABASE" "$1"
  if [ "$(query "SHOW GRANTS FOR '$1'@'%'")" = "$expected" ]; then
    echo "user $1: unchanged"
  else
    query "REVOKE ALL PRIVILEGES, GRANT OPTION FROM '$1'@'%'; GRANT $2 ON \`$DATABASE\`.* TO '$1'@'%'"
    echo "user $1: has $2, on $DATABASE only"
  fi
}

restrict_privileges "$APP_USER" "SELECT, INSERT, UPDATE, DELETE"
# GET_LOCK and the session's timeouts need no privilege.
restrict_privileges "$MIGRATIONS_USER" "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER"
