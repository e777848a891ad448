# The image of one service, or of the operator's command line:
#     docker build --file deploy/service.Dockerfile --build-arg SERVICE=registry --tag simpul-pustaka/registry:dev .
# SERVICE is registry, activities, reporting or operator. Only that one and simpul-shared are inside.

FROM python:3.13-slim AS build
ARG SERVICE
RUN case "$SERVICE" in \
        registry|activities|reporting|operator) ;; \
        *) echo "SERVICE is '$SERVICE'; give --build-arg SERVICE=registry, activities, reporting or operator." >&2; exit 1 ;; \
    esac \
    && python -m venv --without-pip /opt/simpul
# The build backend looks for its program on PATH.
ENV PATH=/opt/simpul/bin:$PATH
WORKDIR /source

# A service lies in services/, the operator in deploy/.
COPY */${SERVICE}/requirements.lock ./
RUN pip --python /opt/simpul install --no-cache-dir --only-binary :all: --require-hashes --requirement requirements.lock

COPY shared shared/
COPY */${SERVICE} member/
RUN pip --python /opt/simpul install --no-cache-dir --no-deps --no-build-isolation ./shared ./member \
    && pip --python /opt/simpul uninstall --yes uv-build
RUN case "$SERVICE" in operator) program=simpul ;; *) program="python -P -m simpul_$SERVICE" ;; esac \
    && printf '#!/bin/sh\nexec %s "$@"\n' "$program" >/opt/simpul/bin/start \
    && chmod 755 /opt/simpul/bin/start

FROM python:3.13-slim
ARG SERVICE
LABEL org.opencontainers.image.title="Simpul Pustaka: ${SERVICE}" org.opencontainers.image.licenses="Apache-2.0"
# A volume mounted at /var/lib/simpul takes over this owner, so that a key can be kept there.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin simpul \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/simpul
COPY --from=build /opt/simpul /opt/simpul
ENV PATH=/opt/simpul/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SIMPUL_HEALTH_URL=http://127.0.0.1:8000/health/ready
USER 10001:10001
WORKDIR /var/lib/simpul
EXPOSE 8000 9000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(os.environ['SIMPUL_HEALTH_URL'], timeout=4)"]
ENTRYPOINT ["start"]
CMD ["--help"]
