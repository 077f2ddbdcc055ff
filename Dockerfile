# The image of the service. Its command serves the page; `alembic upgrade head` migrates the database.
FROM python:3.13-slim AS build
# Dependencies first: they change less often than the code, so this layer is usually cached.
COPY requirements.lock /
RUN python -m venv --without-pip /venv \
 && pip --python /venv/bin/python install --no-cache-dir --no-compile --require-hashes --only-binary :all: -r /requirements.lock \
 # not needed at run time: tests and headers of packages, type stubs, C sources
 && find /venv -depth \( -name tests -o -name testing -o -name include \) -type d -exec rm -r {} + \
 && find /venv -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' \) -delete
WORKDIR /app
COPY app app
COPY migrations migrations
COPY pyproject.toml gunicorn.conf.py ./
# The version, from the git tag; the page shows it.
ARG VERSION=0.0.0+unknown
RUN printf '%s\n' "$VERSION" >app/version.txt \
 # compiled now, because the file system is read-only later; unchecked, because the files never change
 && /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /venv app migrations

FROM python:3.13-slim
ARG VERSION=0.0.0+unknown REVISION=unknown SOURCE=unknown
LABEL org.opencontainers.image.title="app" \
      org.opencontainers.image.description="One page with the number of records in a database, the running version and a secret" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.licenses="MIT"
# Unbuffered, so that the last lines are not lost in a crash; no bytecode, because the file system is read-only.
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# The installer of the base image is not needed at run time, and could be misused.
RUN rm -rf /usr/local/lib/python3*/site-packages/pip* /usr/local/lib/python3*/ensurepip /usr/local/bin/pip* \
      /usr/lib/python3/dist-packages/pip* /usr/bin/pip*
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
# A number, so that Kubernetes can verify that it is not root.
USER 10001:10001
EXPOSE 8000 8001
STOPSIGNAL SIGTERM
# Kubernetes probes /healthz and /readyz itself.
HEALTHCHECK NONE
CMD ["gunicorn"]
