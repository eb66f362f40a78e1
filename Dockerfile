# The parts of a venue, a small image each:
#
#   docker build --target device -t gatedrill/device .
#
# Targets: registrar, backend, device, orchestrator. Each holds the packages that its part needs and no others,
# runs as user 10001, who may write to /data and /drills alone, and needs nothing of the image to be writable.

FROM python:3.11-slim-bookworm AS wheel
RUN python3 -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir --quiet 'hatchling>=1.27'
WORKDIR /project
COPY . .
RUN /opt/build/bin/hatchling build -t wheel -d /wheel

# Other people's packages depend on pyproject.toml alone, so they stay when only our code changes.
FROM python:3.11-slim-bookworm AS installed
WORKDIR /project
COPY pyproject.toml deploy/images/requirements.py ./
RUN set -e; install() { \
      part=$1; shift; \
      python3 requirements.py "$@" >$part.txt; \
      python3 -m venv --without-pip /opt/$part; \
      pip --quiet --python /opt/$part/bin/python install -r $part.txt; \
    }; \
    install registrar; \
    install backend backend postgres; \
    install device devices hid; \
    install orchestrator print tls
COPY --from=wheel /wheel /wheel
COPY deploy/images/notices.py ./
RUN set -e; for part in registrar backend device orchestrator; do \
      pip --quiet --python /opt/$part/bin/python install --no-deps /wheel/*.whl; \
      /opt/$part/bin/python notices.py >/opt/$part/THIRD-PARTY-NOTICES; \
    done

# Volumes take over whose the folder is that they are mounted on. Those below /secrets belong to the user of the
# broker (1883), who alone reads his own; the others' are read by the group of all other parts.
FROM python:3.11-slim-bookworm AS bare
ENV PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 gatedrill \
 && useradd --uid 10001 --gid gatedrill --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin gatedrill \
 && install -d -o 10001 -g 10001 -m 0750 /data /drills \
 && for role in device conductor registrar backend postgres ca; do \
      install -d -o 1883 -g 10001 -m 2750 /secrets/$role; done \
 && for own in broker broker-certificate authority; do \
      install -d -o 1883 -g 1883 -m 2750 /secrets/$own; done
COPY LICENSE /usr/share/doc/gatedrill/
USER 10001:10001
WORKDIR /
ENTRYPOINT ["gatedrill"]

# A part renews its sign of life every other second while it can do its work. One that is merely there is not healthy.
FROM bare AS lasting
ENV GATEDRILL_ALIVE_FILE=/dev/shm/gatedrill-alive
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=2 \
  CMD ["sh", "-c", "test -n \"$(find $GATEDRILL_ALIVE_FILE -newermt '10 seconds ago')\""]

FROM lasting AS registrar
COPY --from=installed /opt/registrar /opt/registrar
ENV PATH=/opt/registrar/bin:$PATH
CMD ["registrar", "--file", "/data/registrar.sqlite3"]

FROM lasting AS backend
COPY --from=installed /opt/backend /opt/backend
ENV PATH=/opt/backend/bin:$PATH
EXPOSE 8000
CMD ["backend", "--host", "0.0.0.0", "--db", "/data/check-in.sqlite3"]

FROM lasting AS device
COPY --from=installed /opt/device /opt/device
ENV PATH=/opt/device/bin:$PATH
CMD ["fleet", "--count", "999", "--next-free", "--data", "/data"]

FROM bare AS orchestrator
COPY --from=installed /opt/orchestrator /opt/orchestrator
ENV PATH=/opt/orchestrator/bin:$PATH
CMD ["scenarios"]
