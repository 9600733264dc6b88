# Photochrom Studio: docker build -t photochrom . ; how to run it stands in docs/guides/studio.md
FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
ARG EXTRAS=serve
# A release's wheel where there is one in dist/, so that the image holds what was tried; else the sources.
RUN python -m venv /opt/photochrom && /opt/photochrom/bin/pip install --no-cache-dir \
    "$(ls dist/*.whl 2>/dev/null || echo .)[$EXTRAS]"

FROM python:3.13-slim
COPY --from=build /opt/photochrom /opt/photochrom
RUN useradd --system --no-create-home --shell /usr/sbin/nologin photochrom
USER photochrom
ENV PATH=/opt/photochrom/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ORT_DISABLE_TELEMETRY=1
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", \
  "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# All addresses, as the container's own is not known; so it wants PHOTOCHROM_TOKEN.
CMD ["photochrom", "serve", "--host", "0.0.0.0"]
