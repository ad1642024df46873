# The studio in a browser, on the CPU:
#   docker build -t streamstyle .
#   docker run --rm -p 8100:8100 -e STREAMSTYLE_PASSWORD=... -v streamstyle:/data streamstyle
# Then open http://localhost:8100 and give that password.
# A file: docker run --rm -v "$PWD:/work" -w /work streamstyle streamstyle video holiday.mp4 --style kiss
# A camera of Linux: add --device /dev/video0
FROM python:3.12-slim

# OpenCV's windows want these; versions are those of the base image.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 libxcb1 \
    && rm -rf /var/lib/apt/lists/*

ENV STREAMSTYLE_MODELS=/opt/streamstyle/models
COPY . /tmp/source
# What finds people and faces is optional: without the network it is left out.
RUN pip install --no-cache-dir "/tmp/source[cpu]" \
    && rm -rf /tmp/source \
    && (streamstyle install people faces || true)

RUN useradd --create-home --uid 1000 --groups video painter && mkdir /data && chown painter /data
USER 1000
WORKDIR /data
VOLUME /data
EXPOSE 8100
CMD ["streamstyle", "studio", "--host", "0.0.0.0", "--port", "8100", "--no-browser", "--data", "/data"]
