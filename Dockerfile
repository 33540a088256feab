# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/radproof
COPY requirements.lock ./
RUN /opt/radproof/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY app app
COPY kg_ingest kg_ingest
COPY models models
RUN /opt/radproof/bin/pip install --no-cache-dir --no-deps . \
    && /opt/radproof/bin/radproof index build --bundled --out /opt/radproof/index

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home radproof
COPY --from=build /opt/radproof /opt/radproof
ENV PATH=/opt/radproof/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    RADPROOF_HOST=0.0.0.0 \
    RADPROOF_INDEX_DIR=/opt/radproof/index
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=15s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/ready', timeout=2)"]
ENTRYPOINT ["radproof"]
CMD ["serve"]
