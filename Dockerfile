# One image for every command: `docker run vigia exporter`, `docker run vigia remediations serve`.
FROM python:3.11.14-slim-bookworm AS build
# With requirements-demo.lock it is the image of `vigia platform serve`, the embedded platform.
ARG LOCK=requirements.lock
COPY requirements.lock requirements-demo.lock /src/
RUN python -m venv /opt/vigia && /opt/vigia/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r "/src/$LOCK"
COPY catalogue /opt/vigia/app/catalogue
COPY inventory /opt/vigia/app/inventory
COPY storage /opt/vigia/app/storage
COPY web /opt/vigia/app/web
COPY exporter /opt/vigia/app/exporter
COPY remediations /opt/vigia/app/remediations
COPY alerts /opt/vigia/app/alerts
COPY grafana /opt/vigia/app/grafana
COPY simulator /opt/vigia/app/simulator
COPY vigia /opt/vigia/app/vigia
RUN /opt/vigia/bin/python -m compileall -q /opt/vigia/app && /opt/vigia/bin/python -m pip uninstall --yes pip setuptools

FROM python:3.11.14-slim-bookworm
# No pip is left, not even the one that ensurepip would unpack, and only root could write to it.
RUN rm -rf /usr/local/lib/python3.11/site-packages/* /usr/local/lib/python3.11/ensurepip /usr/local/bin/pip* /usr/local/bin/wheel && useradd --system --uid 65532 --no-create-home --shell /usr/sbin/nologin vigia && install -d -o vigia -g vigia /var/lib/vigia
COPY --from=build /opt/vigia /opt/vigia
COPY platform.yaml /etc/vigia/platform.yaml
ENV MALLOC_ARENA_MAX=2 PYTHONPATH=/opt/vigia/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 VIGIA_CONFIG=/etc/vigia/platform.yaml VIGIA_STATE_DIR=/var/lib/vigia VIGIA_HEALTH_URL=http://127.0.0.1:9910/-/healthy
VOLUME /var/lib/vigia
USER 65532
EXPOSE 9910 9911
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["/opt/vigia/bin/python", "-c", "import os, urllib.request; urllib.request.urlopen(os.environ['VIGIA_HEALTH_URL'], timeout=4)"]
ENTRYPOINT ["/opt/vigia/bin/python", "-m", "vigia"]
CMD ["exporter"]
