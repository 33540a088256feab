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

FROM python:3.11-slim-bookworm AS llm-cpu
COPY requirements-llm-cpu.lock ./
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && pip install --no-cache-dir --no-deps --require-hashes -r requirements-llm-cpu.lock \
    && useradd --system --uid 10001 --no-create-home llm
COPY tools/llm/llm_server.py /opt/llm_server.py
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=2)"]
ENTRYPOINT ["python", "/opt/llm_server.py", "--host", "0.0.0.0", "--port", "8000"]

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home radproof && install -d -o 10001 -m 700 /data
COPY --from=build /opt/radproof /opt/radproof
ENV PATH=/opt/radproof/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    RADPROOF_HOST=0.0.0.0 \
    RADPROOF_INDEX_DIR=/opt/radproof/index \
    RADPROOF_STORE_URL=sqlite:////data/radproof.db
VOLUME /data
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=15s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/ready', timeout=2)"]
ENTRYPOINT ["radproof"]
CMD ["serve"]
