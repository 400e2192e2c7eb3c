FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements/run.txt requirements/run.txt
RUN pip install --require-hashes -r requirements/run.txt

COPY bot bot
COPY commands commands
COPY webhooks webhooks
# Compile now: the user can't write here, so every start would compile again. A number is what runAsNonRoot checks.
RUN python -m compileall -q bot commands webhooks && \
    useradd --system --uid 10001 --home-dir /data --create-home kitestring
USER 10001
VOLUME /data

# Listening on all addresses is safe here: only the container's network reaches them.
ENV HOST=0.0.0.0 PORT=3000 DATABASE_URL=sqlite+aiosqlite:////data/kitestring.db LOG_FORMAT=json
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=2)"]

ENTRYPOINT ["python", "-m", "bot"]
CMD ["serve"]
